package runner

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"transition/plans"
	"transition/runner/action"
	mailer "transition/runner/action/mail"
	"transition/runner/store"
	"transition/schema"
)

// prepare evaluates everything an effect needs. An error is a sentence for
// people: the attempt fails without having begun.
func (p *Project) prepare(j *entry) (action.Request, error) {
	r, env := j.record, p.env(j)
	req := action.Request{
		Tenant: env.Tenant.ID, Address: r.ID + "/" + j.action.Item.Key(), Op: j.action.Op, Key: j.key,
		Attempt: j.no, Epoch: r.Epoch, Rehearsal: p.rehearsing(), T: r.T, Batch: r.Batch,
		Phase: j.action.Item.Phase.Name, Now: j.began, Seq: j.attempt, Asks: j.asks(),
	}
	var err error
	switch e := j.action.EffectOf().(type) {
	case *schema.Exec:
		req.Timeout, req.AtLeast = e.Timeout, e.Delivery == schema.AtLeastOnce
		req.Command, err = p.command(e, env)
	case *schema.HTTP:
		req.Timeout, req.AtLeast = e.Timeout, e.Delivery == schema.AtLeastOnce
		req.HTTP, err = request(e, env)
	default:
		req.Mail, err = p.mail(j, env)
	}
	return req, err
}

// env is what the expressions of an entry see. What is taken back is taken back
// for the id under which it was done: only that is sure to be known where it was.
func (p *Project) env(j *entry) *schema.Env {
	r, tenant := j.record, j.task.tenant
	if it := r.Item(j.action.Item.Key()); it != nil && it.DoneAs != "" && plans.WayBack(j.action.Op) {
		tenant = p.formerly(tenant, it.DoneAs)
	}
	env := &schema.Env{
		Tenant: tenant, T: r.T, Zone: plans.Zone(p.Config, j.task.tenant, j.batch),
		Batch: r.Batch, Phase: j.action.Item.Phase.Name,
	}
	env.PostponeUntil = plans.PostponeUntil(p.Config, r.T, env.Zone)
	return env
}

// formerly is a tenant under an id that it had before, in its key column too.
func (p *Project) formerly(t *schema.Tenant, id string) *schema.Tenant {
	was := t.Clone()
	for _, inv := range p.Config.Inventories {
		if i := p.Config.Columns.Index(inv.Key); i >= 0 && i < len(was.Cells) && was.Cells[i].Text == t.ID {
			was.Cells[i].Text = id
		}
	}
	was.ID = id
	return was
}

func (p *Project) command(e *schema.Exec, env *schema.Env) (*action.Command, error) {
	argv, err := e.Command.For(env)
	if err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	vars, err := e.Env.For(env)
	if err != nil {
		return nil, fmt.Errorf("env: %w", err)
	}
	dir, err := e.Dir.For(env)
	if err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	if dir != "" && !filepath.IsLocal(filepath.FromSlash(dir)) {
		return nil, fmt.Errorf("dir: %q is outside of the plan directory", dir)
	}
	if len(argv) > 0 && strings.ContainsRune(argv[0], '/') && !filepath.IsAbs(argv[0]) {
		argv = slices.Clone(argv)
		argv[0] = filepath.Join(p.dir, filepath.FromSlash(argv[0]))
	}
	return &action.Command{
		Argv: argv, Env: vars, Dir: filepath.Join(p.dir, filepath.FromSlash(dir)),
		SuccessCodes: e.SuccessCodes, RetryCodes: e.RetryCodes, UnknownCodes: e.UnknownCodes,
	}, nil
}

func request(e *schema.HTTP, env *schema.Env) (*action.HTTP, error) {
	url, err := e.URL.For(env)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	headers, err := e.Headers.For(env)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	body, err := e.Body.For(env)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return &action.HTTP{
		Method: e.Method, URL: url, Headers: headers, Body: body,
		SuccessStatus: e.SuccessStatus, RetryStatus: e.RetryStatus,
	}, nil
}

// mail renders the message of a communication, or the one that asks for an
// approval, for one recipient.
func (p *Project) mail(j *entry, env *schema.Env) (*action.Mail, error) {
	var m mailer.Message
	var channel *schema.Channel
	var err error
	switch does := j.action.Item.Does.(type) {
	case *schema.Communication:
		channel = p.channelTo(j.action.Item, j.record, j.recipient)
		m, err = p.communication(j, does, env)
	case *schema.Approval:
		channel = does.Ask.Channel
		m, err = question(j.action, does, env)
	default:
		return nil, fmt.Errorf("%T sends no message", does)
	}
	if err != nil {
		return nil, err
	}
	if channel == nil {
		return nil, errors.New("the plan has no channel for it")
	}
	if m.From, err = channel.From.For(env); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	m.To, m.Key, m.Date, m.Locale = j.recipient, j.key, j.first, env.Tenant.Locale
	to := j.recipient
	if channel.SMTP != nil && channel.SMTP.RedirectAllTo != "" {
		m.RedirectTo, to = channel.SMTP.RedirectAllTo, channel.SMTP.RedirectAllTo
	}
	data, err := mailer.Compose(m)
	if err != nil {
		return nil, err
	}
	return &action.Mail{Channel: channel.Kind + "." + channel.Name, From: m.From, To: to, Data: data}, nil
}

// message evaluates a communication, with the late ones that it carries.
func message(a *plans.Action, c *schema.Communication, env *schema.Env) (mailer.Message, error) {
	var m mailer.Message
	var err error
	if m.AllTo, err = c.To.For(env); err != nil {
		return m, fmt.Errorf("to: %w", err)
	}
	if m.Cc, err = c.Cc.For(env); err != nil {
		return m, fmt.Errorf("cc: %w", err)
	}
	if m.ReplyTo, err = c.ReplyTo.For(env); err != nil {
		return m, fmt.Errorf("reply_to: %w", err)
	}
	for _, late := range a.Carries {
		s, err := section(late, env)
		if err != nil {
			return m, err
		}
		m.Sections = append(m.Sections, s)
	}
	own, err := section(a.Item, env)
	m.Subject, m.Sections = own.Subject, append(m.Sections, own)
	return m, err
}

// section evaluates one text: as it is, and escaped for HTML.
func section(it *schema.Item, env *schema.Env) (mailer.Section, error) {
	var s mailer.Section
	msg := it.Does.(*schema.Communication).Message
	text := msg.For(env.Tenant.Locale)
	if text == nil {
		return s, fmt.Errorf("message %s: there is no text for locale %q, and none without a locale", msg.Path, env.Tenant.Locale)
	}
	env.Phase = it.Phase.Name
	var err error
	if s.Subject, err = text.Subject.For(env); err != nil {
		return s, fmt.Errorf("subject of %s: %w", it.Key(), err)
	}
	if s.Text, err = text.Body.For(env); err != nil {
		return s, fmt.Errorf("body of %s: %w", it.Key(), err)
	}
	env.Markdown = true
	s.Escaped, err = text.Body.For(env)
	env.Markdown = false
	if err != nil {
		return s, fmt.Errorf("body of %s: %w", it.Key(), err)
	}
	return s, nil
}

// question is the message that asks for an approval.
func question(a *plans.Action, does *schema.Approval, env *schema.Env) (mailer.Message, error) {
	to, err := does.Ask.To.For(env)
	if err != nil {
		return mailer.Message{}, fmt.Errorf("to: %w", err)
	}
	address := env.Tenant.ID + "/" + a.Item.Key()
	prompt := a.Reason
	if prompt == "" {
		prompt = "May " + env.Tenant.ID + " go on?"
	}
	text := prompt + "\n\nTo answer, run one of:\n\n" +
		"    transition approve " + address + " -reason=...\n" +
		"    transition reject " + address + " -reason=...\n"
	return mailer.Message{
		AllTo: to, Subject: "Approval needed: " + address,
		Sections: []mailer.Section{{Text: text, Escaped: escape(text)}},
	}, nil
}

// escape puts a backslash before every ASCII punctuation character, so that
// Markdown takes the text as it stands.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// executor finds who has an attempt's effect.
func (p *Project) executor(a *Actions, j *entry) action.Executor {
	todo := j.action
	switch todo.Item.Does.(type) {
	case *schema.Communication, *schema.Approval:
		return a.Channel(p.channelTo(todo.Item, j.record, j.recipient))
	case *schema.Work, *schema.Lock:
	}
	if _, ok := todo.EffectOf().(*schema.HTTP); ok {
		return a.HTTP
	}
	return a.Command
}

// rehearsing reports whether the open state is a rehearsal.
func (p *Project) rehearsing() bool { return p.state != nil && p.meta.Kind == store.Rehearsal }
