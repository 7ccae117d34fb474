package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/schema/mailbox"
)

// Checked gives the message of a request, its addresses bare and checked. The
// error says in one line why there is nothing that could be delivered.
func Checked(r action.Request) (action.Mail, error) {
	if r.Mail == nil || r.Command != nil || r.HTTP != nil {
		return action.Mail{}, errors.New("the request is not for a message, or not for one alone")
	}
	m := *r.Mail
	if len(m.Data) == 0 {
		return action.Mail{}, errors.New("the message is empty")
	}
	var err error
	if m.From, err = mailbox.Check(m.From); err != nil {
		return action.Mail{}, fmt.Errorf("sender: %w", err)
	}
	if m.To, err = mailbox.Check(m.To); err != nil {
		return action.Mail{}, fmt.Errorf("recipient: %w", err)
	}
	return m, nil
}

// Evidence tells a rendered message from all others: by its Message-ID, and by
// the SHA-256 of its bytes in hexadecimal digits.
func Evidence(data []byte) ledger.Evidence {
	sum := sha256.Sum256(data)
	e := ledger.Evidence{Digest: hex.EncodeToString(sum[:])}
	if m, err := mail.ReadMessage(bytes.NewReader(data)); err == nil {
		e.Message = oneLine(m.Header.Get("Message-Id"))
	}
	return e
}
