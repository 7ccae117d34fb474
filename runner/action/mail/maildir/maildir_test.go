package maildir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/runner/action"
)

const key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func request() action.Request {
	return action.Request{
		Key: key, Attempt: 1, Seq: 7, Now: time.Date(2012, 2, 28, 17, 0, 0, 0, time.UTC),
		Mail: &action.Mail{
			From: "move@contoso.example", To: "ann@northwind.example",
			Data: []byte("Message-ID: <k@contoso.example>\r\nSubject: x\r\n\r\nDear Ann,\r\n.\r\n"),
		},
	}
}

// files lists a directory of the Maildir, in order.
func files(t *testing.T, root, sub string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, sub))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func succeeds(t testing.TB, e *Executor, r action.Request) {
	t.Helper()
	got := e.Do(context.Background(), r)
	if got.Class != action.Succeeded || got.Reason != "" || got.NotBegun {
		t.Errorf("outcome %+v, want a success", got)
	}
}

func TestMessageBecomesAFile(t *testing.T) {
	root := filepath.Join(t.TempDir(), "mail", "outbox")
	got := New(root).Do(t.Context(), request())
	if got.Class != action.Succeeded || got.Evidence.Message != "<k@contoso.example>" || len(got.Evidence.Digest) != 64 {
		t.Errorf("outcome %+v", got)
	}
	const name = "001330448400.00000007.GEZDGNBVGY3TQOJQ.eml"
	for sub, want := range map[string][]string{"new": {name}, "tmp": nil, "cur": nil} {
		if diff := cmp.Diff(want, files(t, root, sub)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", sub, diff)
		}
	}
	b, err := os.ReadFile(filepath.Join(root, "new", name))
	if err != nil {
		t.Fatal(err)
	}
	want := "Return-Path: <move@contoso.example>\nDelivered-To: ann@northwind.example\n" +
		"Message-ID: <k@contoso.example>\nSubject: x\n\nDear Ann,\n.\n"
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("file (-want +got)\n%s", diff)
	}
	if runtime.GOOS == "windows" {
		return // has no modes
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "tmp": 0o700, "new": 0o700, "cur": 0o700, "new/" + name: 0o600} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q is %v, want %v", path, got, want)
		}
	}
}

func TestNamesSortByTimeAndNumber(t *testing.T) {
	root := t.TempDir()
	e := New(root)
	begin := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
	var want []string
	for i, at := range []struct {
		days int
		seq  int64
	}{{0, 9}, {0, 10}, {0, 1_000_000}, {1, 2}, {20 * 365, 1}} {
		r := request()
		r.Now, r.Seq, r.Key = begin.AddDate(0, 0, at.days), at.seq, fmt.Sprint("KEY", i)
		want = append(want, r.Key)
		succeeds(t, e, r)
	}
	var got []string
	for _, n := range files(t, root, "new") {
		mark, _ := markOf(n)
		got = append(got, mark)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A crash between the file and its record must not end in a second file.
func TestDeliveredOnceOnly(t *testing.T) {
	later := request()
	later.Attempt, later.Seq, later.Now = 2, 8, later.Now.Add(time.Hour)
	for name, move := range map[string]func(root, file string) error{
		"unread": func(string, string) error { return nil },
		"read": func(root, file string) error {
			info := ":2,S"
			if runtime.GOOS == "windows" {
				info = ";2,S"
			}
			return os.Rename(filepath.Join(root, "new", file), filepath.Join(root, "cur", file+info))
		},
	} {
		for who, after := range map[string]func(root string, before *Executor) *Executor{
			"the same process": func(_ string, before *Executor) *Executor { return before },
			"a new process":    func(root string, _ *Executor) *Executor { return New(root) },
		} {
			t.Run(name+", "+who, func(t *testing.T) {
				root := t.TempDir()
				e := New(root)
				succeeds(t, e, request())
				if err := move(root, files(t, root, "new")[0]); err != nil {
					t.Fatal(err)
				}
				succeeds(t, after(root, e), later)
				if all := slices.Concat(files(t, root, "new"), files(t, root, "cur")); len(all) != 1 {
					t.Errorf("delivered %d times: %q", len(all), all)
				}
			})
		}
	}
}

func TestThrownAwayIsDeliveredAgain(t *testing.T) {
	root := t.TempDir()
	e := New(root)
	succeeds(t, e, request())
	if err := os.Remove(filepath.Join(root, "new", files(t, root, "new")[0])); err != nil {
		t.Fatal(err)
	}
	succeeds(t, e, request())
	if n := len(files(t, root, "new")); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"new/1330448400.M1P2.host", "cur/.eml", "cur/x.eml:2,", "tmp/001330448400.00000007.GEZDGNBVGY3TQOJQ.eml"} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	succeeds(t, New(root), request())
	if got := files(t, root, "new"); len(got) != 2 {
		t.Errorf("new holds %q", got)
	}
	if got := files(t, root, "cur"); len(got) != 2 {
		t.Errorf("cur holds %q", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	root := t.TempDir()
	e := New(root)
	var all sync.WaitGroup
	const n = 100
	for i := range n {
		all.Go(func() {
			r := request()
			r.Seq, r.Key = int64(i), fmt.Sprintf("KEY%013d", i)
			succeeds(t, e, r)
		})
	}
	all.Wait()
	if got := len(files(t, root, "new")); got != n {
		t.Errorf("%d files, want %d", got, n)
	}
}

func TestFailures(t *testing.T) {
	put := func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		spoil  func(t *testing.T, root string, e *Executor, r *action.Request)
		class  action.Class
		reason string
	}{
		"a file in the way": {
			func(t *testing.T, root string, _ *Executor, _ *action.Request) { put(t, root) },
			action.Permanent, "",
		},
		"new is a file": {
			func(t *testing.T, root string, _ *Executor, _ *action.Request) {
				if err := os.MkdirAll(root, 0o700); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(root, "new"))
			},
			action.Permanent, "",
		},
		"the disk does not promise": {
			func(_ *testing.T, _ string, e *Executor, _ *action.Request) {
				e.sync = func(dir string) error {
					if filepath.Base(dir) == "new" {
						return errors.New("input/output error")
					}
					return nil
				}
			},
			action.Unknown, "the message is in place, and the disk may not keep it: input/output error",
		},
		"no key": {
			func(_ *testing.T, _ string, _ *Executor, r *action.Request) { r.Key = "" },
			action.Permanent, "no key",
		},
		"no message": {
			func(_ *testing.T, _ string, _ *Executor, r *action.Request) { r.Mail = &action.Mail{} },
			action.Permanent, "empty",
		},
		"line break in the recipient": {
			func(_ *testing.T, _ string, _ *Executor, r *action.Request) { r.Mail.To = "a@b\nX: y" },
			action.Permanent, "recipient: ",
		},
		"line break in the sender": {
			func(_ *testing.T, _ string, _ *Executor, r *action.Request) { r.Mail.From = "a@b\nX: y" },
			action.Permanent, "sender: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "outbox")
			e, r := New(root), request()
			tc.spoil(t, root, e, &r)
			got := e.Do(t.Context(), r)
			if got.Class != tc.class || !strings.Contains(got.Reason, tc.reason) {
				t.Errorf("outcome %+v, want class %d with %q", got, tc.class, tc.reason)
			}
			if certain := got.Class == action.Permanent || got.Class == action.Retryable; got.NotBegun != certain {
				t.Errorf("class %d has NotBegun = %v", got.Class, got.NotBegun)
			}
		})
	}
}

// What cannot be moved into place leaves nothing behind.
func TestFailedWriteLeavesNothing(t *testing.T) {
	root := t.TempDir()
	e := New(root)
	if err := e.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "new", "taken", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.write("taken", []byte("text")); err == nil {
		t.Fatal("a directory was overwritten")
	}
	if left := files(t, root, "tmp"); len(left) != 0 {
		t.Errorf("tmp holds %q", left)
	}
}

func TestClassesOfErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want action.Class
	}{
		"permission": {os.ErrPermission, action.Permanent},
		"other":      {errors.New("no space left on device"), action.Retryable},
	} {
		t.Run(name, func(t *testing.T) {
			if got := failed(fmt.Errorf("open: %w", tc.err)); got.Class != tc.want || !got.NotBegun {
				t.Errorf("outcome %+v, want class %d", got, tc.want)
			}
		})
	}
}

func TestStoppedBeforeItBegan(t *testing.T) {
	root := filepath.Join(t.TempDir(), "outbox")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := New(root).Do(ctx, request())
	if got.Class != action.Retryable || !got.NotBegun {
		t.Errorf("outcome %+v", got)
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was created: %v", err)
	}
}

func BenchmarkDeliver(b *testing.B) {
	e := New(b.TempDir())
	var mu sync.Mutex
	n := 0
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			r := request()
			r.Seq, r.Key = int64(n), fmt.Sprintf("K%015d", n)
			mu.Unlock()
			succeeds(b, e, r)
		}
	})
}
