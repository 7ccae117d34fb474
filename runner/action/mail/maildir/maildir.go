// Package maildir delivers rendered messages into a directory, each as one file
// that appears there whole or not at all.
//
// The directory is a Maildir (https://cr.yp.to/proto/maildir.html): tmp, new and
// cur, open to its owner only. Any mail reader that knows the format can open it.
package maildir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"transition/runner/action"
	"transition/runner/action/mail"
	"transition/runner/action/tail"
	"transition/runner/crashpoint"
)

// Executor delivers into one Maildir. It is safe for concurrent use.
type Executor struct {
	root string
	sync func(dir string) error // makes the names in a directory durable

	mu        sync.Mutex
	delivered map[string]struct{} // marks of the messages that were seen in new and cur; nil: not read yet
}

var _ action.Executor = (*Executor)(nil)

// New makes an executor for the Maildir at root, an absolute path. The directory
// is created with the first message.
func New(root string) *Executor { return &Executor{root: root, sync: syncDir} }

// Do implements action.Executor. The message becomes
//
//	new/SECONDS.NUMBER.KEY.eml
//
// with Request.Now as twelve digits of Unix time, Request.Seq as eight digits,
// and the first 16 characters of Request.Key, so that names sort by time and
// number. Its lines end in LF, as readers of a Maildir expect, and it begins with
// the envelope that mail systems note upon delivery: Return-Path, Delivered-To.
//
// A message whose key is in new or cur already has been delivered by an earlier
// attempt that could not say so: it is Succeeded, and not written again. The
// names are read before the first message, and again when one seems to be there.
//
// Do is Unknown only when the file is in its place and the disk cannot promise
// to keep it there.
func (e *Executor) Do(ctx context.Context, r action.Request) action.Outcome {
	data, err := file(r)
	if err != nil {
		return action.Outcome{Class: action.Permanent, NotBegun: true, Reason: reason(err)}
	}
	out := e.deliver(ctx, r, data)
	out.Evidence = mail.Evidence(r.Mail.Data)
	return out
}

func (e *Executor) deliver(ctx context.Context, r action.Request, data []byte) action.Outcome {
	if ctx.Err() != nil {
		return failed(fmt.Errorf("stopped: %w", context.Cause(ctx)))
	}
	if err := e.prepare(); err != nil {
		return failed(err)
	}
	known, err := e.knows(mark(r.Key))
	switch {
	case err != nil:
		return failed(err)
	case known:
		return action.Outcome{Class: action.Succeeded}
	}
	if err := e.write(name(r), data); err != nil {
		return failed(err)
	}
	e.remember(mark(r.Key))
	if err := e.sync(e.dir("new")); err != nil {
		return action.Outcome{
			Class:  action.Unknown,
			Reason: "the message is in place, and the disk may not keep it: " + reason(err),
		}
	}
	return action.Outcome{Class: action.Succeeded}
}

// write puts a file into new by way of tmp. On an error there is none in new.
func (e *Executor) write(name string, data []byte) error {
	tmp := filepath.Join(e.dir("tmp"), name)
	err := writeSynced(tmp, data)
	crashpoint.Hit("maildir.before_rename")
	if err == nil {
		err = os.Rename(tmp, filepath.Join(e.dir("new"), name))
	}
	crashpoint.Hit("maildir.after_rename")
	if err != nil {
		// What cannot be removed is a file in tmp, which readers clear away.
		_ = os.Remove(tmp)
	}
	return err
}

// writeSynced writes a file that only its owner can read, down to the disk.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// prepare creates what is missing of the Maildir.
func (e *Executor) prepare() error {
	created := false
	for _, sub := range []string{"tmp", "new", "cur"} {
		_, err := os.Stat(e.dir(sub))
		if errors.Is(err, fs.ErrNotExist) {
			created = true
			err = os.MkdirAll(e.dir(sub), 0o700)
		}
		if err != nil {
			return err
		}
	}
	if !created {
		return nil
	}
	return errors.Join(e.sync(e.root), e.sync(filepath.Dir(e.root)))
}

func (e *Executor) dir(sub string) string { return filepath.Join(e.root, sub) }

// file gives the bytes of a message as they lie in the Maildir.
func file(r action.Request) ([]byte, error) {
	m, err := mail.Checked(r)
	if err != nil {
		return nil, err
	}
	if r.Key == "" {
		return nil, errors.New("the request has no key")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\nDelivered-To: %s\n", m.From, m.To)
	b.Write(bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")))
	return b.Bytes(), nil
}

// failed is an error from before the message was in place.
func failed(err error) action.Outcome {
	out := action.Outcome{Class: action.Retryable, NotBegun: true, Reason: reason(err)}
	for _, lasting := range []error{fs.ErrPermission, fs.ErrInvalid, syscall.ENOTDIR, syscall.EROFS, syscall.ENAMETOOLONG} {
		if errors.Is(err, lasting) {
			out.Class = action.Permanent
		}
	}
	return out
}

// maxReason bounds a reason, in bytes.
const maxReason = 512

func reason(err error) string { return tail.Line(err.Error(), maxReason) }
