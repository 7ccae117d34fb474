transition "postponed-wave" {
  description = "Three studios move, and nothing goes as it was planned"
  time_zone   = "Europe/Vienna"

  notice {
    first = "14d"
    final = "7d"
  }
}

inventory "studios" {
  source       = "studios.csv"
  key          = "id"
  max_removals = "50%"
}

channel "maildir" "studios" { path = "outbox" }

batch "spring" {
  cutover = "2027-04-10 18:00"
  match   = true
}

phase "Waiting" {}

phase "Notice" {
  opens = "T-30d"

  communication "notice" {
    channel = channel.maildir.studios
    to      = [tenant.email]
    message = "mail/notice"
    notice  = true
  }
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["./bin/say", "copies", tenant.id] }

    undo {
      exec { command = ["./bin/say", "discards the copy of", tenant.id] }
    }
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "changes" {
    acquire {
      exec { command = ["./bin/say", "locks", tenant.id] }
    }
    release {
      exec { command = ["./bin/say", "unlocks", tenant.id] }
    }
    release_in = phase.Done
    release_by = "T+3d"
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "move" {
    exec { command = ["./bin/say", "moves", tenant.id] }
  }
}

phase "Done" {
  opens = "T+1d"
}

communication "new_date" {
  on      = "rescheduled"
  channel = channel.maildir.studios
  subject = "Your move has a new date: ${formatdate("D MMMM", T)}"
  body    = "It was ${formatdate("D MMMM", old_T)}. Everything else stays as we wrote."
}
