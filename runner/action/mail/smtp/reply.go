package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

const (
	maxLine  = 4096 // RFC 5321 says 512; servers write more
	maxLines = 128
)

// reply is an answer of the server; its code is 0 when there was none.
type reply struct {
	code  int
	lines []string
}

func (r reply) text() string { return strings.Join(r.lines, " ") }

// needsAuth reports whether the server wants other credentials, or any.
func (r reply) needsAuth() bool {
	return r.code == 530 || r.code == 534 || r.code == 535 || r.code == 538
}

// extensions reads the answer to EHLO: keywords in upper case, with their
// parameters.
func (r reply) extensions() map[string]string {
	ext := make(map[string]string, len(r.lines))
	for _, l := range r.lines[min(1, len(r.lines)):] {
		keyword, params, _ := strings.Cut(l, " ")
		ext[strings.ToUpper(keyword)] = params
	}
	return ext
}

// readReply reads one answer of one or more lines. The reader's buffer must
// hold maxLine bytes.
func readReply(in *bufio.Reader) (reply, error) {
	var r reply
	for range maxLines {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, errors.New("the server's answer has a line without end")
		}
		if err != nil {
			return reply{}, err
		}
		code, text, more, err := parseLine(strings.TrimRight(string(line), "\r\n"))
		if err != nil {
			return reply{}, err
		}
		if r.code != 0 && code != r.code {
			return reply{}, fmt.Errorf("the server's answer has two codes, %d and %d", r.code, code)
		}
		r.code, r.lines = code, append(r.lines, text)
		if !more {
			return r, nil
		}
	}
	return reply{}, fmt.Errorf("the server's answer has more than %d lines", maxLines)
}

// parseLine splits "250-text"; more says that another line follows.
func parseLine(line string) (code int, text string, more bool, err error) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, "", false, fmt.Errorf("the server's answer is not SMTP: %.80q", line)
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, nil
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, "", false, fmt.Errorf("the server's answer is not SMTP: %.80q", line)
	}
	return code, line[4:], line[3] == '-', nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
