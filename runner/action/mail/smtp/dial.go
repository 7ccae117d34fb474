package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"transition/schema"
)

// implicitTLS is the port where TLS comes first: RFC 8314.
const implicitTLS = 465

// dial opens a connection and brings it to where a message can be sent.
func (e *Executor) dial(ctx context.Context) (*session, error) {
	dialing, cancel := context.WithTimeout(ctx, e.opts.Connect)
	defer cancel()
	conn, err := e.opts.Dial(dialing, "tcp", e.address)
	if err != nil {
		return nil, lost(phaseConnect, err)
	}
	s := newSession(ctx, conn, e.opts)
	if err := e.open(s); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// open has the conversation up to the first message.
func (e *Executor) open(s *session) error {
	if e.cfg.Port == implicitTLS && e.cfg.TLS != schema.TLSNone {
		s.begin(phaseConnect, s.opts.Connect)
		if err := e.handshake(s); err != nil {
			return err
		}
	}
	s.begin(phaseGreeting, s.opts.Command)
	if _, err := s.expect(220); err != nil {
		return err
	}
	if err := s.hello(); err != nil {
		return err
	}
	if err := e.protect(s); err != nil {
		return err
	}
	return e.login(s)
}

// hello introduces this machine by the address that the server sees, which
// RFC 5321 allows to those that have no name.
func (s *session) hello() error {
	name := "localhost"
	if a, ok := s.wire.LocalAddr().(*net.TCPAddr); ok {
		name = "[" + a.IP.String() + "]"
		if a.IP.To4() == nil {
			name = "[IPv6:" + a.IP.String() + "]"
		}
	}
	answer, err := s.command(phaseHello, "EHLO "+name, 250)
	if err != nil {
		return err
	}
	s.ext = answer.extensions()
	return nil
}

// protect goes over to TLS where the channel wants it.
//
// A certificate that does not hold is a failure under "opportunistic", too: a
// connection that somebody reads along is no better for being encrypted. All of
// it is Retryable, so that nobody on the way can make a message fail for good.
func (e *Executor) protect(s *session) error {
	_, offered := s.ext["STARTTLS"]
	switch {
	case s.tls || e.cfg.TLS == schema.TLSNone:
		return nil
	case !offered && e.cfg.TLS == schema.TLSOpportunistic:
		return nil
	case !offered:
		return lost(phaseTLS, errors.New("the server offers no TLS, and the channel requires it"))
	}
	if _, err := s.command(phaseTLS, "STARTTLS", 220); err != nil {
		return err
	}
	if s.in.Buffered() > 0 {
		return lost(phaseTLS, errOutOfStep) // words from before TLS must not count after it
	}
	if err := e.handshake(s); err != nil {
		return err
	}
	return s.hello()
}

// handshake sets up TLS within the present phase.
func (e *Executor) handshake(s *session) error {
	conn := tls.Client(s.wire, &tls.Config{
		ServerName: e.cfg.Host,
		RootCAs:    e.opts.RootCAs,
		MinVersion: tls.VersionTLS12,
	})
	// The phase and ctx end it through the deadline of the wire.
	if err := conn.HandshakeContext(context.WithoutCancel(s.ctx)); err != nil {
		var bad *tls.CertificateVerificationError
		if errors.As(err, &bad) {
			return lost(s.doing, fmt.Errorf("the server's certificate does not hold: %w", bad.Err))
		}
		return s.lost(err)
	}
	s.over(conn)
	s.tls = true
	return nil
}

// login authenticates where the channel has a user. The password goes over TLS
// or stays on this machine.
func (e *Executor) login(s *session) error {
	if e.cfg.Username == "" {
		return nil
	}
	if !s.tls && !isLoopback(e.cfg.Host) {
		return lost(phaseAuth, errors.New("the server offers no TLS, and the password is not sent without it"))
	}
	offered := strings.Fields(strings.ToUpper(s.ext["AUTH"]))
	for _, mechanism := range offered {
		if mechanism == "PLAIN" {
			_, err := s.command(phaseAuth, "AUTH PLAIN "+plainToken(e.cfg), 235)
			return err
		}
	}
	for _, mechanism := range offered {
		if mechanism == "LOGIN" {
			return e.loginInSteps(s)
		}
	}
	return noLogin(errors.New("the channel has a username, and the server offers neither PLAIN nor LOGIN"))
}

// loginInSteps is AUTH LOGIN: a line each for the user and the password.
func (e *Executor) loginInSteps(s *session) error {
	if _, err := s.command(phaseAuth, "AUTH LOGIN", 334); err != nil {
		return err
	}
	if _, err := s.command(phaseAuth, base64.StdEncoding.EncodeToString([]byte(e.cfg.Username)), 334); err != nil {
		return err
	}
	_, err := s.command(phaseAuth, base64.StdEncoding.EncodeToString([]byte(e.cfg.Password)), 235)
	return err
}

// plainToken is what AUTH PLAIN sends: RFC 4616.
func plainToken(cfg schema.SMTP) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + cfg.Username + "\x00" + cfg.Password))
}
