# A plan says what happens to every tenant, and when, counted from its cutover T.
#
# Look: these have no effect.
#
#   transition validate
#   transition timeline
#   transition plan -now=2012-02-26
#
# Rehearse: effects are real, time is not. A rehearsal has a state of its own.
#
#   transition apply -rehearse=2012-02-26 -state=.transition/rehearsal.db
#   transition status -state=.transition/rehearsal.db
#
# Then for good, now and again whenever something falls due:
#
#   transition apply

transition "cli" {
  time_zone = "UTC" # of every date below

  # Nobody is cut over who was not told this long before.
  notice {
    first = "14d"
    final = "7d"
  }
}

# The tenants. Columns that are not declared are strings.
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"

  column "seats" { type = number }
}

# Who moves together, and when. Batches fill in the order of their cutovers.
batch "first" {
  cutover = "2012-03-26 18:00"
  match   = true # an expression over tenant.*
  # capacity = 100 # at most so many
}

# How people are reached. A maildir is a directory: nothing leaves this machine.
channel "maildir" "outbox" { path = "outbox" }

retry "patient" {
  max_attempts     = 5
  initial_interval = "1m"
}

# Where everybody is whose time has not come.
phase "Registered" {}

phase "Announcement" {
  opens = "T-30d"

  communication "announcement" {
    channel = channel.maildir.outbox
    to      = [tenant.admin_email]
    message = "mail/announcement"
    notice  = true
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h" # who has not begun by then is held, and a person decides
  point_of_no_return = true

  work "move" {
    # Put your command here. It gets the tenant as an argument; exit 0 is success,
    # 75 is "try again later".
    exec { command = ["echo", "moving", tenant.id] }
    retry = retry.patient
  }
}

phase "Done" {
  opens = "T+1d"
  gate  = "hard" # not before the move is done; a phase of mere messages would not wait

  communication "welcome" {
    channel = channel.maildir.outbox
    to      = [tenant.admin_email]
    message = "mail/welcome"
  }
}
