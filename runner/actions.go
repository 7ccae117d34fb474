package runner

import (
	"errors"
	"io"
	"path/filepath"

	"transition/runner/action"
	"transition/runner/action/command"
	"transition/runner/action/mail/maildir"
	"transition/runner/action/mail/smtp"
	"transition/runner/action/webhook"
	"transition/runner/keeper"
	"transition/schema"
)

// Actions are who has the effects of an apply.
type Actions struct {
	Command action.Executor
	HTTP    action.Executor
	Channel func(*schema.Channel) action.Executor
	// Close ends what they keep open, such as connections.
	Close func() error
}

// realActions reach the outside world. Secrets of the plan are replaced in
// everything that they bring back.
func (p *Project) realActions() *Actions {
	channels := make(map[*schema.Channel]action.Executor)
	var closers []io.Closer
	local := &command.Executor{Environ: p.o.Environ, Now: p.o.Clock.Now}
	var commands action.Executor = local
	if p.o.Keeper != nil {
		k := &keeper.Client{Local: local, Program: p.o.Keeper, Log: p.log}
		closers, commands = append(closers, k), k
	}
	for _, c := range p.Config.Channels {
		var e action.Executor
		switch {
		case c.SMTP != nil:
			s := smtp.New(*c.SMTP, smtp.Options{})
			closers = append(closers, s)
			e = s
		case c.Maildir != nil:
			e = maildir.New(p.path(c.Maildir.Path))
		}
		channels[c] = action.Redact(e, p.secrets)
	}
	return &Actions{
		Command: action.Redact(commands, p.secrets),
		HTTP:    action.Redact(webhook.New(), p.secrets),
		Channel: func(c *schema.Channel) action.Executor { return channels[c] },
		Close: func() error {
			var errs []error
			for _, c := range closers {
				errs = append(errs, c.Close())
			}
			return errors.Join(errs...)
		},
	}
}

// path is a path of the plan as the system has it.
func (p *Project) path(s string) string {
	s = filepath.FromSlash(s)
	if filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(p.dir, s)
}
