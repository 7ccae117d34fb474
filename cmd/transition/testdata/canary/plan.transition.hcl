transition "canary" {
  time_zone = "America/Los_Angeles"
}

variable "token" {
  type      = string
  sensitive = true
}

variable "key" {
  type      = string
  sensitive = true
}

variable "password" {
  type      = string
  sensitive = true
}

variable "once" {
  type      = string
  ephemeral = true
}

variable "mail" { type = number }
variable "web" { type = number }

locals {
  login   = base64encode("user:${var.token}")
  shouted = upper(var.key)
  hidden  = sensitive(file("hidden.txt"))
}

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

constraint "quarrel" {
  blocked_when = tenant.id == "northwind"
  reason       = "it is known as ${var.token} and ${local.shouted}"
}

batch "wave" {
  cutover = "2012-03-09 18:00"
  match   = true
}

channel "maildir" "outbox" { path = "outbox" }

channel "smtp" "server" {
  host     = "127.0.0.1"
  port     = var.mail
  tls      = "none"
  from     = "a@example.com"
  username = "user"
  password = var.password
}

phase "Announcement" {
  opens = "T-7d"

  communication "notice" {
    channel = channel.maildir.outbox
    to      = [tenant.email]
    message = "notice"
  }

  communication "other" {
    channel = channel.smtp.server
    to      = [tenant.email]
    message = "notice"
  }
}

phase "Approval" {
  opens = "T-6d"

  approval "go" {
    prompt = "May ${tenant.id} move with ${var.key}, ${local.login} or ${local.hidden}?"
  }
}

phase "Move" {
  opens = "T"

  work "command" {
    exec {
      command = ["./tell", var.token, tenant.id]
      env = {
        TOKEN   = var.token
        KEY     = var.key
        LOGIN   = local.login
        SHOUTED = local.shouted
        HIDDEN  = local.hidden
        ONCE    = var.once
        PART    = "${tenant.id}-${substr(var.key, 2, 12)}"
      }
    }
  }

  work "request" {
    http {
      method  = "POST"
      url     = "http://127.0.0.1:${var.web}/${tenant.id}?t=${urlencode(var.token)}"
      headers = { Authorization = "Basic ${local.login}", X-Key = var.key }
      body    = jsonencode({ token = var.token, key = var.key, once = var.once, hidden = local.hidden })
    }
  }
}
