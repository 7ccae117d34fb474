package smtp

import (
	"errors"
	"fmt"
	"strings"

	"transition/runner/crashpoint"
)

// send hands over one message. Its error is a *failure.
func (s *session) send(l letter) (reply, error) {
	if err := s.envelope(l); err != nil {
		return reply{}, err
	}
	if err := s.data(l.data); err != nil {
		return reply{}, err
	}
	return s.dot()
}

// envelope names the sender and the recipient, and asks for the data.
func (s *session) envelope(l letter) error {
	from, err := s.sender(l)
	if err != nil {
		return err
	}
	if _, err := s.command(phaseSender, from, 250); err != nil {
		return err
	}
	// 251 and 252 accept the recipient, too: RFC 5321, 3.4 and 3.5.3.
	if _, err := s.command(phaseRecipient, "RCPT TO:<"+l.to+">", 250, 251, 252); err != nil {
		return err
	}
	_, err = s.command(phaseGoAhead, "DATA", 354)
	return err
}

// sender writes MAIL with the parameters that the message needs and the server
// has offered.
func (s *session) sender(l letter) (string, error) {
	var b strings.Builder
	b.WriteString("MAIL FROM:<" + l.from + ">")
	if _, ok := s.ext["SIZE"]; ok {
		fmt.Fprintf(&b, " SIZE=%d", len(l.data))
	}
	if _, ok := s.ext["8BITMIME"]; ok && l.eightBit {
		b.WriteString(" BODY=8BITMIME")
	}
	if !l.utf8 {
		return b.String(), nil
	}
	if _, ok := s.ext["SMTPUTF8"]; !ok {
		return "", hopeless(phaseSender, errors.New("an address is not ASCII, and the server does not offer SMTPUTF8"))
	}
	return b.String() + " SMTPUTF8", nil
}

// data writes the message, without the dot that would deliver it.
func (s *session) data(data []byte) error {
	for len(data) > 0 {
		s.begin(phaseData, s.opts.Block)
		n := min(len(data), block)
		if _, err := s.conn.Write(data[:n]); err != nil {
			return s.lost(err)
		}
		data = data[n:]
	}
	return nil
}

// dot ends the message, which delivers it, and reads what the server says.
func (s *session) dot() (reply, error) {
	if s.in.Buffered() > 0 {
		s.inStep = false
		return reply{}, lost(phaseData, errOutOfStep)
	}
	before := s.wire.written
	crashpoint.Hit("smtp.before_dot")
	s.begin(phaseDot, s.opts.Final)
	if _, err := s.conn.Write([]byte(".\r\n")); err != nil {
		if s.wire.written == before {
			return reply{}, s.lost(err) // not one byte of it has left
		}
		s.inStep = false
		return reply{}, unknown(reply{}, s.explain(err))
	}
	crashpoint.Hit("smtp.after_dot")
	return s.verdict()
}

// verdict reads the answer to the dot.
func (s *session) verdict() (reply, error) {
	answer, err := readReply(s.in)
	crashpoint.Hit("smtp.after_answer")
	switch {
	case err != nil:
		s.inStep = false
		return reply{}, unknown(reply{}, s.explain(err))
	case answer.code == 250:
		s.messages++
		return answer, nil
	case answer.code >= 400:
		s.inStep = s.inStep && answer.code != 421
		return reply{}, refused(phaseDot, answer)
	default:
		s.inStep = false
		return reply{}, unknown(answer, fmt.Errorf("the server answered %d %s", answer.code, answer.text()))
	}
}
