package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"
)

// The phases of a conversation, as reasons name them.
const (
	phaseConnect   = "connecting"
	phaseGreeting  = "greeting"
	phaseHello     = "EHLO"
	phaseTLS       = "STARTTLS"
	phaseAuth      = "authentication"
	phaseSender    = "sender"
	phaseRecipient = "recipient"
	phaseGoAhead   = "DATA"
	phaseData      = "data"
	phaseDot       = "end of data"
	phaseReset     = "RSET"
	phaseQuit      = "QUIT"
)

// block is how much is written under one deadline.
const block = 32 << 10

// errOutOfStep is a server that talks without being asked: what it says next
// cannot be told from an answer.
var errOutOfStep = errors.New("the server answered before it was asked")

// session is a conversation with the server. One goroutine uses it at a time.
type session struct {
	opts Options
	wire *wire         // the bare connection: deadlines, and what has left
	conn net.Conn      // wire, or TLS over it
	in   *bufio.Reader // over conn
	ext  map[string]string
	tls  bool

	ctx      context.Context // of the message being sent
	doing    string          // the phase
	unlimit  func() bool     // ends the phase's limit; false: it had come
	inStep   bool            // every command has had its answer
	messages int             // accepted so far

	unkeep func() bool // ends the time in the pool; false: it was over
}

// wire counts what has left this machine, so that a failed write that wrote
// nothing can be told from one that wrote something.
type wire struct {
	net.Conn
	written int64
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.written += int64(n)
	return n, err
}

func newSession(ctx context.Context, conn net.Conn, opts Options) *session {
	s := &session{opts: opts, wire: &wire{Conn: conn}, ctx: ctx, inStep: true}
	s.unlimit = func() bool { return true }
	s.over(s.wire)
	return s
}

// over continues the conversation on conn, and forgets what was read ahead.
func (s *session) over(conn net.Conn) {
	s.conn, s.in, s.ext = conn, bufio.NewReaderSize(conn, maxLine), nil
}

// expire ends whatever waits on the connection, for good.
func (s *session) expire() {
	// The connection may be closed already; then nothing waits on it.
	_ = s.wire.SetDeadline(time.Unix(1, 0))
}

// begin starts a phase that may take at most d, and ends with ctx.
func (s *session) begin(doing string, d time.Duration) {
	s.end()
	s.doing = doing
	s.unlimit = after(s.ctx, d, s.expire)
}

// end ends the phase. It reports whether the connection can still be used.
func (s *session) end() bool { return s.unlimit() }

// after calls f once d has gone by or ctx has ended, in a goroutine of its own.
// Limits run on the machine's clock, whatever clock the state has. The function
// that it returns prevents the call; false says that it came too late.
func after(ctx context.Context, d time.Duration, f func()) func() bool {
	limited, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(limited, f)
	return func() bool {
		defer cancel()
		return stop()
	}
}

// explain says why the connection failed in the words of whoever ended it.
func (s *session) explain(err error) error {
	switch {
	case s.ctx.Err() != nil:
		return fmt.Errorf("stopped: %w", context.Cause(s.ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the server did not answer in time")
	default:
		return fmt.Errorf("the connection was lost: %w", err)
	}
}

// lost ends the conversation before the dot.
func (s *session) lost(err error) error {
	s.inStep = false
	return lost(s.doing, s.explain(err))
}

// command writes a line and reads its answer. An answer with none of the wanted
// codes is an error.
func (s *session) command(doing, line string, want ...int) (reply, error) {
	s.begin(doing, s.opts.Command)
	return s.exchange(line, want...)
}

// exchange is command within the present phase.
func (s *session) exchange(line string, want ...int) (reply, error) {
	if s.in.Buffered() > 0 {
		s.inStep = false
		return reply{}, lost(s.doing, errOutOfStep)
	}
	if _, err := s.conn.Write([]byte(line + "\r\n")); err != nil {
		return reply{}, s.lost(err)
	}
	return s.expect(want...)
}

// expect reads an answer.
func (s *session) expect(want ...int) (reply, error) {
	answer, err := readReply(s.in)
	if err != nil {
		return reply{}, s.lost(err)
	}
	if slices.Contains(want, answer.code) {
		return answer, nil
	}
	// After 421 the server hangs up; after an answer that is neither a no nor
	// the right yes nobody knows what it would make of the next command.
	s.inStep = s.inStep && answer.code >= 400 && answer.code != 421
	return reply{}, refused(s.doing, answer)
}

// reset makes sure that a kept connection still works, and has no message.
func (s *session) reset() error {
	s.begin(phaseReset, s.opts.Connect)
	_, err := s.exchange("RSET", 250)
	return err
}

// quit says goodbye and closes the connection; whether the server heard it does
// not matter.
func (s *session) quit() {
	s.ctx = context.Background()
	s.begin(phaseQuit, s.opts.Quit)
	if _, err := s.exchange("QUIT", 221); err == nil {
		_ = s.conn.Close() // with TLS's own goodbye
	}
	s.abandon()
}

// abandon closes the connection without a word: inside the data, any word would
// be taken for a part of the message.
func (s *session) abandon() {
	s.end()
	// Of TLS, Close writes an alert: not if the connection hangs.
	_ = s.wire.Close()
}
