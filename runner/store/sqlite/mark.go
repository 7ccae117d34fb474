package sqlite

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"transition/runner/lease"
	"transition/runner/regular"
	"transition/runner/store"
)

// mark says how far a state has come. It lies in a file of its own beside the
// state, so that a copy of the state from before, put into its place, is known
// for one.
//
// It is written after each commit and never before, so that it is never ahead of
// the state that it was written for. Only the ends of a lease wait for the disk:
// what a killed process has written is there all the same, and after a power cut
// an open lease tells that the rest of the mark may be behind.
type mark struct {
	Lineage  string    `json:"lineage"`
	Serial   int64     `json:"serial"`
	Facts    int64     `json:"facts"` // seq of the newest fact
	Head     string    `json:"head"`  // its hash, in hex
	LastFact time.Time `json:"last_fact"`
	Epoch    int64     `json:"epoch"`
	Open     bool      `json:"open"` // the lease of the epoch has not ended in good order
	// Restores: it is that of a state which is about to be restored. If the process
	// is killed before that has its place, the state in it is the one of before,
	// whose mark is kept in the other slot until something is recorded.
	Restores bool  `json:"restores,omitempty"`
	before   *mark // the one in the other slot; nil: there is none, or it does not matter
}

func markPath(path string) string { return path + ".mark" }

// slotSize is that of a mark in its file, in bytes. There are two slots, written
// in turn, so that one of them is whole at any time.
const slotSize = 512

// later reports whether m was written after o.
func (m *mark) later(o *mark) bool {
	switch {
	case m.Serial != o.Serial:
		return m.Serial > o.Serial
	case m.Epoch != o.Epoch:
		return m.Epoch > o.Epoch
	default:
		return o.Open && !m.Open
	}
}

// encode makes a mark the text of a slot: a line of JSON with its checksum.
func (m *mark) encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	line := fmt.Appendf(b, " %08x", crc32.ChecksumIEEE(b))
	if len(line) >= slotSize {
		return nil, errors.New("the lineage of the state is too long")
	}
	line = append(line, bytes.Repeat([]byte{' '}, slotSize-1-len(line))...)
	return append(line, '\n'), nil
}

// decodeMark reads a slot; false: it holds no mark.
func decodeMark(b []byte) (m mark, ok bool) {
	line, sum, found := bytes.Cut(bytes.TrimSpace(b), []byte("} "))
	if !found {
		return m, false
	}
	line = append(bytes.Clone(line), '}')
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.ChecksumIEEE(line) || json.Unmarshal(line, &m) != nil {
		return m, false
	}
	return m, true
}

// newestMark finds the newest mark of a lineage, and the slot that may be
// overwritten. nil without an error: nobody has marked the lineage. Where there
// is something and none of it is a mark, nothing is known.
func newestMark(content []byte, lineage string) (newest *mark, next int, err error) {
	written := false
	var found [2]*mark
	for i := range found {
		part := content[min(len(content), i*slotSize):min(len(content), (i+1)*slotSize)]
		m, ok := decodeMark(part)
		written = written || len(bytes.Trim(part, "\x00")) > 0
		if ok && m.Lineage != lineage {
			written = false
			continue
		}
		if ok {
			found[i] = &m
		}
		if ok && (newest == nil || m.later(newest)) {
			newest, next = &m, 1-i
		}
	}
	if newest != nil && newest.Restores {
		newest.before = found[next]
	}
	if newest == nil && written {
		return nil, 0, errors.New("it holds no mark")
	}
	return newest, next, nil
}

// readMark reads the newest mark of a lineage; nil: there is none.
func readMark(path, lineage string) (*mark, error) {
	f, err := regular.Open(markPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, badMark(path, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, 2*slotSize))
	if err != nil {
		return nil, badMark(path, err)
	}
	m, _, err := newestMark(content, lineage)
	if err != nil {
		return nil, badMark(path, err)
	}
	return m, nil
}

func badMark(path string, cause error) error {
	why, kind := cause, "file"
	if pe, ok := errors.AsType[*fs.PathError](cause); ok {
		why = pe.Err
	}
	if info, err := os.Stat(markPath(path)); err == nil && info.IsDir() {
		why, kind = errors.New("it is a directory"), "directory"
	}
	return &store.Error{
		Kind: store.ErrUnmarked, Cause: cause,
		What: fmt.Sprintf("%s, which tells an old copy of the state from the newest, cannot be read: %v", markPath(path), why),
		Advice: "If the state is certainly the newest that there is, remove that " + kind + " and run the command again. Else " +
			"move it aside and restore the newest backup.",
	}
}

// marker writes marks.
type marker struct {
	file *os.File
	info os.FileInfo // of the file that is open
	path string
	dir  bool  // the name of the file may not be durable yet
	dirt bool  // what was written has not been waited for
	err  error // the first that nobody has heard of
}

func openMarker(path string) (*marker, error) {
	f, err := os.OpenFile(markPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &marker{file: f, info: info, path: path, dir: true}, nil
}

// follow opens the file anew if another one has its name by now, as after a
// restoration: marks in a deleted file would be none.
func (k *marker) follow() error {
	if now, err := os.Stat(markPath(k.path)); err == nil && os.SameFile(now, k.info) {
		return nil
	}
	fresh, err := openMarker(k.path)
	if err != nil {
		return err
	}
	_ = k.file.Close() // nothing in it counts any more
	k.file, k.info, k.dir = fresh.file, fresh.info, true
	return nil
}

// put writes a mark, unless there is a later one. An open lease stays open until
// the end of it is put.
func (k *marker) put(m mark, durable bool) error {
	if err := k.follow(); err != nil {
		return err
	}
	// Another process may be about to mark what it has recorded: of two that have
	// read the same slots, the earlier mark must not take the place of the later.
	if err := lease.Alone(k.file, func() error { return k.write(m, durable) }); err != nil {
		return err
	}
	if durable {
		return k.sync()
	}
	return nil
}

// write writes a mark into the slot that may be overwritten.
func (k *marker) write(m mark, durable bool) error {
	content := make([]byte, 2*slotSize)
	n, err := k.file.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	newest, next, err := newestMark(content[:n], m.Lineage)
	if err != nil {
		return badMark(k.path, err)
	}
	if newest != nil && !durable {
		m.Open = m.Open || newest.Open && newest.Epoch == m.Epoch
	}
	if newest != nil && !m.later(newest) {
		return nil
	}
	b, err := m.encode()
	if err != nil {
		return err
	}
	if _, err := k.file.WriteAt(b, int64(next*slotSize)); err != nil {
		return err
	}
	k.dirt = true
	return nil
}

// sync waits for the disk.
func (k *marker) sync() error {
	if !k.dirt {
		return nil
	}
	if err := k.file.Sync(); err != nil {
		return err
	}
	if k.dir {
		if err := syncDir(filepath.Dir(k.path)); err != nil {
			return err
		}
	}
	k.dir, k.dirt = false, false
	return nil
}

// note is put after a commit, which is done whatever becomes of its mark: what is
// wrong is told at the end.
func (k *marker) note(m mark) {
	if err := k.put(m, false); err != nil && k.err == nil {
		k.err = err
	}
}

func (k *marker) close() error {
	if k == nil {
		return nil
	}
	return errors.Join(k.err, k.sync(), k.file.Close())
}

// marked is the mark of a state that stands so.
func marked(d *description, epoch int64, open bool) mark {
	return mark{
		Lineage: d.Lineage, Serial: d.Serial, Facts: d.facts, Head: hex.EncodeToString(d.head[:]), LastFact: d.LastFact,
		Epoch: epoch, Open: open,
	}
}

// was is the mark of the newest state in which anything can have been done: a
// restoration that comes after it has recorded nothing but itself, if it has come
// to its end at all.
func (m *mark) was() *mark {
	if m != nil && m.before != nil {
		return m.before
	}
	return m
}

// lost compares a state with the mark; nil: nothing is missing.
func (m *mark) lost(ctx context.Context, q queryer, path string) (*store.Lost, error) {
	l, err := m.lacks(ctx, q, path)
	if l == nil || m.before == nil {
		return l, err
	}
	before, err := m.before.lacks(ctx, q, path)
	l.Restoring = before == nil
	return l, err
}

// lacks is what a state lacks of what the mark knew: that must be in its history,
// and it must have come as far.
func (m *mark) lacks(ctx context.Context, q queryer, path string) (*store.Lost, error) {
	if m == nil {
		return nil, nil
	}
	d, err := describe(ctx, q, path)
	if err != nil {
		return nil, err
	}
	var epoch int64
	if err := scan(q.QueryRowContext(ctx, "SELECT epoch FROM lease"), &epoch); err != nil {
		return nil, err
	}
	hash, _, err := hashOf(ctx, q, path, &d, m.Facts)
	if err != nil {
		return nil, err
	}
	other := d.facts >= m.Facts && hex.EncodeToString(hash[:]) != m.Head
	if d.Serial >= m.Serial && d.facts >= m.Facts && !other && (epoch >= m.Epoch || !m.Open) {
		return nil, nil
	}
	l := &store.Lost{Serial: m.Serial, Other: other}
	if !m.Open {
		l.LastFact = m.LastFact
	}
	return l, nil
}
