# A plan that moves five customers from one file server to another.
#
# It is meant to be read from top to bottom. README.md beside it walks through
# the same plan from the outside: what the commands print, and what to do when
# something fails.

# Exactly one transition block says what this is about.
transition "quickstart" {
  description = "Moves customers from the old file server to the new one"
  time_zone   = "Europe/Berlin" # wall-clock times below mean this zone

  # Nobody is cut over who was not told at least two weeks before.
  notice {
    first = "14d"
  }
}

# Who moves. Every row is a tenant, known by its key for ever.
inventory "customers" {
  source = "customers.csv"
  key    = "id"

  # Columns are strings unless the plan says otherwise.
  column "files" { type = number }
  column "size" { one_of = ["small", "large", "trial"] }
}

# When they move. A batch is a group of tenants with one cutover, called T.
# A tenant is placed in the first batch that matches and has room.
batch "may" {
  cutover = "2027-05-08 08:00" # a Saturday
  match   = tenant.size == "small"
}

# A batch may wait for its date. Who would fit is shown as held, with that reason.
batch "large" {
  match = tenant.size == "large"
}

# How messages leave. This channel writes files into a directory, so that
# nothing here reaches anybody. A channel "smtp" would.
channel "maildir" "customers" {
  path = "outbox"
  from = "moves@files.example"
}

# The way that every tenant goes: phases in the order of their offsets from T.
# The one phase without an offset comes first.
phase "Registered" {}

phase "Announce" {
  opens = "T-21d" # the same time of day, three weeks before

  communication "announcement" {
    channel = channel.maildir.customers
    to      = [tenant.email]
    message = "mail/announcement" # the file mail/announcement.md
    notice  = true                # it counts as a notice in the sense of the block above
  }
}

phase "Freeze" {
  opens = "T-1d"

  # A lock is an obligation. Once acquired it must be released: here when the
  # tenant enters the phase Done, or earlier if it never gets as far as moving.
  lock "old_files" {
    acquire {
      exec { command = ["sh", "bin/freeze.sh", "on", tenant.id] }
    }
    release {
      exec { command = ["sh", "bin/freeze.sh", "off", tenant.id] }
    }
    release_in = phase.Done
    release_by = "T+3d" # nobody stays frozen longer without an alarm
  }
}

phase "Move" {
  opens        = "T"
  latest_start = "T+6h" # who has not begun by then does not begin

  # A command is a list of words, never a line for a shell. A failure is not
  # repeated unless a retry block says so; it waits for a person.
  work "copy" {
    exec { command = ["sh", "bin/copy.sh", tenant.id] }
    timeout = "30m"
  }
}

# A phase with work is hard: nobody enters it before all that came earlier is
# Complete. One that only writes is soft, and writes to everybody when its time
# comes. This one says that the move is done, so it must not: it is made hard.
phase "Done" {
  opens = "T+1d"
  gate  = "hard"

  communication "welcome" {
    channel = channel.maildir.customers
    to      = [tenant.email]
    message = "mail/welcome"
  }
}
