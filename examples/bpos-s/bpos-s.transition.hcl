transition "bpos-s-to-office-365" {
  description = "Moves BPOS-S tenants to Office 365 over a transition weekend"
  time_zone   = "America/Los_Angeles"

  notice {
    first = "30d" # the earliest notice comes at least this long before T
    final = "7d"  # the first notice of the present T comes at least this long before it
  }
}

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"

  column "seats" { type = number }
  column "blackberry" { type = bool }
}

constraint "blackberry" {
  blocked_when = tenant.blackberry
  reason       = "Waits for the BlackBerry service on the new platform"
}

batch "pilot" {
  cutover  = "2012-03-09 18:00"
  match    = tenant.ring == "pilot"
  capacity = 10
}

batch "wave1" {
  cutover  = "2012-03-30 18:00"
  match    = true
  capacity = 500
  weight   = ceil(tenant.seats / 100)
  priority = tenant.seats

  after {
    batch = batch.pilot
    soak  = "4d"
    holds = phase.Lock
  }
}

retry "patient" {
  max_attempts     = 8
  initial_interval = "1m"
  max_interval     = "1h"
}

limit "copies" { max_in_flight = 50 }

channel "maildir" "customers" { path = "outbox" }

phase "Pre-Approval" {} # no offset: whoever has no batch, or whose time has not come, is here

phase "PrimaryPrep" {
  opens  = "T-60d"
  closes = "T-30d"

  communication "first_notice" {
    channel = channel.maildir.customers
    to      = [tenant.admin_email]
    message = "mail/first-notice"
    notice  = true
  }
}

phase "SecondaryPrep" {
  opens = "T-30d"

  communication "reminder" {
    channel = channel.maildir.customers
    to      = [tenant.admin_email]
    message = "mail/reminder"
    notice  = true
  }
}

phase "Approval" {
  opens = "T-14d"

  communication "final_notice" {
    channel = channel.maildir.customers
    to      = [tenant.admin_email]
    message = "mail/final-notice"
    notice  = true
  }
}

phase "Pre-Stage" {
  opens = "T-7d"

  work "copy_content" {
    exec { command = ["./bin/copy-content", tenant.id] }
    timeout  = "12h"
    delivery = "at_least_once"
    retry    = retry.patient
    limit    = limit.copies
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "tenant_admin" {
    acquire {
      exec { command = ["./bin/admin", "disable", tenant.id] }
    }
    release {
      exec { command = ["./bin/admin", "enable", tenant.id] }
    }
    release_in = phase.Finalize
    release_by = "T+4d"
  }
}

phase "DataUpgrade" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["./bin/upgrade", tenant.id] }
    retry = retry.patient
  }
}

phase "Finalize" {
  opens = "T+48h"

  work "cleanup" {
    exec { command = ["./bin/cleanup", tenant.id] }
  }

  communication "welcome" {
    channel = channel.maildir.customers
    to      = [tenant.admin_email]
    message = "mail/welcome"
  }
}
