transition "story" {
  description = "Moves three tenants over a weekend"
  time_zone   = "America/Los_Angeles"

  notice {
    first = "14d"
  }
}

variable "greeting" {
  type    = string
  default = "Dear"
}

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"

  column "seats" { type = number }
}

batch "wave" {
  cutover = "2012-03-09 18:00"
  match   = tenant.seats > 0
}

channel "maildir" "outbox" { path = "outbox" }

retry "once_more" {
  max_attempts     = 2
  initial_interval = "10m"
  jitter           = 0
}

phase "Waiting" {}

phase "Announcement" {
  opens = "T-30d"

  communication "notice" {
    channel = channel.maildir.outbox
    to      = [tenant.email]
    message = "mail/notice"
    notice  = true
  }
}

phase "Approval" {
  opens = "T-7d"

  approval "go" {
    prompt = "May ${tenant.id} move?"
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "admin" {
    acquire {
      exec { command = ["./bin/admin", "disable", tenant.id] }
    }
    release {
      exec { command = ["./bin/admin", "enable", tenant.id] }
    }
    release_in = phase.Done
    release_by = "T+3d"
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["./bin/upgrade", tenant.id] }
    retry = retry.once_more
  }
}

phase "Done" {
  opens = "T+1d"

  work "cleanup" {
    exec { command = ["./bin/upgrade", "cleanup"] }
  }
}
