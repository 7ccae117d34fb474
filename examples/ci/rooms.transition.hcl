transition "meeting-rooms" {
  description = "Moves the calendars of meeting rooms to the new service"
  time_zone   = "UTC"

  notice {
    first = "14d"
  }
}

inventory "sites" {
  source = "sites.csv"
  key    = "id"

  column "rooms" { type = number }
}

constraint "survey" {
  blocked_when = tenant.surveyed != "yes"
  reason       = "Waits for the survey of its rooms"
}

batch "spring" {
  cutover = "2031-04-05 06:00"
  match   = true
}

channel "maildir" "sites" { path = "outbox" }

phase "Announce" {
  opens = "T-28d"

  communication "announcement" {
    channel = channel.maildir.sites
    to      = [tenant.contact]
    message = "mail/announcement"
    notice  = true
  }
}

phase "Move" {
  opens = "T"

  communication "moved" {
    channel = channel.maildir.sites
    to      = [tenant.contact]
    subject = "The calendars of ${tenant.name} have moved"
    body    = "All ${tenant.rooms} rooms of ${tenant.name} can be booked in the new service."
  }
}
