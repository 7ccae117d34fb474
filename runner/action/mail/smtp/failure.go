package smtp

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"transition/runner/action"
	"transition/runner/action/tail"
	"transition/schema"
)

const (
	// maxText bounds what is kept of a server's words, in bytes.
	maxText = 512
	// greylisted is how long to wait after a recipient was put off: servers that
	// greylist want to see the next attempt no earlier.
	greylisted = 5 * time.Minute
	// turnedAway is how long to wait after the server has refused the channel
	// itself: many lock the accounts of those who try too often.
	turnedAway = 15 * time.Minute
)

// failure is why the server has not, or perhaps not, taken a message.
type failure struct {
	class      action.Class
	doing      string // "greeting", "recipient", …
	answer     reply  // zero: there was none
	err        error  // nil: answer says it all
	retryAfter time.Duration
	shut       bool // the server takes no message from this channel
}

func (f *failure) Error() string {
	switch {
	case f.err != nil && f.class == action.Unknown:
		return fmt.Sprintf("%s: the message was sent, and whether the server took it is unknown: %v", f.doing, f.err)
	case f.err != nil:
		return fmt.Sprintf("%s: %v", f.doing, f.err)
	case f.answer.needsAuth():
		return fmt.Sprintf("%s: the server refuses the authentication: %d %s", f.doing, f.answer.code, f.answer.text())
	default:
		return fmt.Sprintf("%s: the server answered %d %s", f.doing, f.answer.code, f.answer.text())
	}
}

func (f *failure) Unwrap() error { return f.err }

// begun reports whether some of the message may have left.
func (f *failure) begun() bool { return f.doing == phaseData || f.doing == phaseDot }

// lost is a failure of the connection before the dot: nothing was delivered.
func lost(doing string, err error) error {
	return &failure{class: action.Retryable, doing: doing, err: err}
}

// hopeless is a failure that no retry mends.
func hopeless(doing string, err error) error {
	return &failure{class: action.Permanent, doing: doing, err: err}
}

// noLogin is a server to which the channel cannot introduce itself.
func noLogin(err error) error {
	return &failure{class: action.Retryable, doing: phaseAuth, err: err, retryAfter: turnedAway, shut: true}
}

// refused is an answer other than the one that was hoped for, before the dot or
// as a plain no after it. Before it has heard of the message, the server speaks of
// the channel: that is no reason to give the message up.
func refused(doing string, answer reply) error {
	f := &failure{class: action.Retryable, doing: doing, answer: answer}
	switch {
	case answer.code >= 500 && (beforeMessage(doing) || doing == phaseSender && answer.needsAuth()):
		f.retryAfter, f.shut = turnedAway, true
	case answer.code >= 500:
		f.class = action.Permanent
	case doing == phaseRecipient && (answer.code == 450 || answer.code == 451):
		f.retryAfter = greylisted
	}
	return f
}

func beforeMessage(doing string) bool {
	return doing == phaseGreeting || doing == phaseHello || doing == phaseTLS || doing == phaseAuth
}

// unknown is a message that was sent whole and got no answer that settles it.
func unknown(answer reply, err error) error {
	return &failure{class: action.Unknown, doing: phaseDot, answer: answer, err: err}
}

// redaction takes the channel's password, and what AUTH makes of it, out of
// texts: servers have been seen to repeat what they refuse.
func redaction(cfg schema.SMTP) *strings.Replacer {
	if cfg.Password == "" {
		return strings.NewReplacer()
	}
	const shown = "(password)"
	return strings.NewReplacer(
		plainToken(cfg), shown,
		base64.StdEncoding.EncodeToString([]byte(cfg.Password)), shown,
		cfg.Password, shown,
	)
}

// clean makes one bounded line without control characters and secrets.
func (e *Executor) clean(s string) string { return tail.Line(e.secrets.Replace(s), maxText) }
