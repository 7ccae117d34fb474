// Package smtp hands rendered messages to a mail server, and knows of each
// whether the server took it.
//
// The conversation is its own, because mail libraries blur the one line that
// matters. A message is delivered when the server answers 250 to the dot after
// its data, whatever becomes of the connection afterwards. Before the dot was
// written it is certainly not delivered; once it was written and no answer came,
// nobody knows.
package smtp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/mail"
	"transition/schema"
	"transition/schema/mailbox"
)

// Options bound the conversation. A zero field stands for its default. The
// defaults are RFC 5321's, 4.5.3.2, rounded to what mail servers use: a shorter
// wait for the answer to the dot makes unknown outcomes out of slow ones.
type Options struct {
	Connect time.Duration // to connect, with TLS if it comes first; and for RSET on a kept connection (30 s)
	Command time.Duration // for the answer to each command (5 min)
	Block   time.Duration // to write each 32 KiB of data (3 min)
	Final   time.Duration // for the answer to the dot (10 min)
	Quit    time.Duration // for a polite goodbye (2 s)

	Idle          time.Duration // how long an unused connection is kept (10 s)
	MaxIdle       int           // how many unused connections are kept (16)
	PerConnection int           // how many messages one connection carries (100)

	RootCAs *x509.CertPool // nil: the system's
	// Dial connects; nil: a net.Dialer. It must end soon after ctx does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	defaultTo(&o.Connect, 30*time.Second)
	defaultTo(&o.Command, 5*time.Minute)
	defaultTo(&o.Block, 3*time.Minute)
	defaultTo(&o.Final, 10*time.Minute)
	defaultTo(&o.Quit, 2*time.Second)
	defaultTo(&o.Idle, 10*time.Second)
	defaultTo(&o.MaxIdle, 16)
	defaultTo(&o.PerConnection, 100)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

func defaultTo[V comparable](v *V, value V) {
	var zero V
	if *v == zero {
		*v = value
	}
}

// Executor sends messages through one server. It is safe for concurrent use;
// every message in flight has a connection of its own, and connections are kept
// for a while and used again.
type Executor struct {
	cfg     schema.SMTP
	opts    Options
	address string // host:port
	secrets *strings.Replacer
	pool    *pool
}

var _ action.Executor = (*Executor)(nil)

// New makes an executor for a channel. Port 465 speaks TLS from the first byte;
// a port of 0 is 587. Close it when no Do runs any more.
func New(cfg schema.SMTP, opts Options) *Executor {
	defaultTo(&cfg.Port, 587)
	opts = opts.withDefaults()
	return &Executor{
		cfg:     cfg,
		opts:    opts,
		address: net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)),
		secrets: redaction(cfg),
		pool:    newPool(opts),
	}
}

// Close says goodbye on the connections that were kept. A Do that still runs, or
// begins later, keeps none.
func (e *Executor) Close() error {
	e.pool.close()
	return nil
}

// Do implements action.Executor. Nothing but an answer of 250 to the final dot
// is a success. A refusal is Permanent when its code says so (5xx), else
// Retryable; one of the channel, before the message, is Shut. A connection that fails, and a ctx that ends, before the dot was
// written is Retryable, after it Unknown. It has begun once the server has let
// the data come.
func (e *Executor) Do(ctx context.Context, r action.Request) action.Outcome {
	l, err := e.letter(r)
	if err != nil {
		return action.Outcome{Class: action.Permanent, NotBegun: true, Reason: e.clean(err.Error())}
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	answer, err := e.deliver(ctx, l)
	return e.outcome(answer, err, mail.Evidence(r.Mail.Data))
}

// Greet has the conversation up to where a message could be sent, with TLS and
// login, and says goodbye. An error is a sentence for people, without secrets.
func (e *Executor) Greet(ctx context.Context) error {
	s, err := e.connect(ctx)
	if err != nil {
		return errors.New(e.clean(err.Error()))
	}
	s.quit()
	return nil
}

// letter checks a request and prepares what goes over the wire.
func (e *Executor) letter(r action.Request) (letter, error) {
	m, err := mail.Checked(r)
	switch {
	case err != nil:
		return letter{}, err
	case r.Rehearsal && e.cfg.RedirectAllTo == "":
		return letter{}, errors.New("a rehearsal writes to nobody: the channel has no redirect_all_to")
	case e.cfg.TLS == schema.TLSNone && !isLoopback(e.cfg.Host):
		return letter{}, fmt.Errorf("tls = \"none\" is for loopback only, and %s is another machine", e.cfg.Host)
	}
	if e.cfg.RedirectAllTo != "" {
		if m.To, err = mailbox.Check(e.cfg.RedirectAllTo); err != nil {
			return letter{}, fmt.Errorf("redirect_all_to: %w", err)
		}
	}
	return newLetter(m), nil
}

// deliver has the conversation on a kept connection or a new one.
func (e *Executor) deliver(ctx context.Context, l letter) (reply, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.send(l)
	e.release(s)
	return answer, err
}

// connect gives a session that is ready for a message, with ctx attached.
func (e *Executor) connect(ctx context.Context) (*session, error) {
	for ctx.Err() == nil {
		s := e.pool.take()
		if s == nil {
			return e.dial(ctx)
		}
		s.ctx = ctx
		if s.reset() == nil {
			return s, nil
		}
		s.abandon() // it went stale while nobody used it, and had no message
	}
	return nil, lost(phaseConnect, fmt.Errorf("stopped: %w", context.Cause(ctx)))
}

// release keeps the session of a conversation that is in step, and ends it
// otherwise. Nothing that happens here changes what became of the message.
func (e *Executor) release(s *session) {
	switch {
	case !s.end() || !s.inStep:
		s.abandon()
	case s.messages >= e.opts.PerConnection || !e.pool.put(s):
		s.quit()
	}
}

// outcome tells what the conversation came to.
func (e *Executor) outcome(answer reply, err error, ev ledger.Evidence) action.Outcome {
	out := action.Outcome{Class: action.Succeeded, Evidence: ev}
	var f *failure
	switch {
	case errors.As(err, &f):
		answer = f.answer
		out.Class, out.NotBegun, out.RetryAfter = f.class, !f.begun(), f.retryAfter
		out.Shut = f.shut
		out.Reason = e.clean(f.Error())
	case err != nil:
		// No step returns any other error. If one did, nobody would know.
		out.Class, out.Reason = action.Unknown, e.clean(err.Error())
	}
	out.Evidence.Status = answer.code
	out.Evidence.Reply = e.clean(answer.text())
	return out
}

// isLoopback reports whether host can only be this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
