// Package planfile reads and writes saved plans.
//
// A saved plan is a claim, not a promise: whoever applies it decides again. The
// format has its own types, so that plans can change without old files changing
// their meaning.
package planfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"transition/plans"
)

// File is a saved plan.
type File struct {
	Dir     string // of the plan directory, as it was given
	Lineage string
	Serial  int64
	// Digest covers the plan directory and its variables, Inventory the
	// inventories' files.
	Digest    string
	Inventory string
	Plan      *plans.Plan
}

// FormatVersion is what Write writes. A reader accepts the same major version.
const FormatVersion = "1.1"

// MaxSize bounds what Write writes and Read reads, in bytes. A change takes less
// than 500, so that this is enough for half a million: several for each of 100,000
// tenants.
const MaxSize = 256 << 20

// ErrFormat is wrapped by errors about files that are no saved plans.
var ErrFormat = errors.New("not a saved plan")

type fileV1 struct {
	FormatVersion string     `json:"format_version"`
	Kind          string     `json:"kind"`
	Dir           string     `json:"dir"`
	Name          string     `json:"name"`
	Now           instantV1  `json:"now"`
	Zone          string     `json:"zone"`
	Lineage       string     `json:"lineage"`
	Serial        int64      `json:"serial"`
	Digest        string     `json:"digest"`
	Inventory     string     `json:"inventory"`
	Tenants       int        `json:"tenants"`
	Locks         int        `json:"locks"`
	Next          *instantV1 `json:"next"`
	Changes       []changeV1 `json:"changes"`
	Waiting       []waitV1   `json:"waiting"`
	Upcoming      []laterV1  `json:"upcoming"`

	// Since 1.1: what the plan was made of.
	Targets  []string `json:"targets,omitempty"`
	Excludes []string `json:"excludes,omitempty"`
	LeftOut  int      `json:"left_out,omitempty"`
	Replaced []string `json:"replaced,omitempty"`
}

const kindV1 = "transition-saved-plan"

type changeV1 struct {
	Kind       string     `json:"kind"`
	Tenant     string     `json:"tenant"`
	Batch      string     `json:"batch,omitempty"`
	Phase      string     `json:"phase,omitempty"`
	Item       string     `json:"item,omitempty"`
	At         instantV1  `json:"at"`
	Reason     string     `json:"reason,omitempty"`
	T          *instantV1 `json:"t,omitempty"`
	OldT       *instantV1 `json:"old_t,omitempty"`
	OldBatch   string     `json:"old_batch,omitempty"`
	Recipients []string   `json:"recipients,omitempty"`
	Into       string     `json:"into,omitempty"`
	Attempt    int        `json:"attempt,omitempty"`
	Passes     bool       `json:"passes_point_of_no_return,omitempty"`
	Doubted    bool       `json:"doubted,omitempty"`
}

type waitV1 struct {
	Kind    string     `json:"kind"`
	Tenant  string     `json:"tenant"`
	Batch   string     `json:"batch,omitempty"`
	Address string     `json:"address"`
	Reason  string     `json:"reason"`
	Since   *instantV1 `json:"since,omitempty"`
	Until   *instantV1 `json:"until,omitempty"`
}

type laterV1 struct {
	At    instantV1 `json:"at"`
	Kind  string    `json:"kind"`
	Count int       `json:"count"`
}

// Write writes a saved plan.
func Write(w io.Writer, f *File) error {
	p := f.Plan
	v := fileV1{
		FormatVersion: FormatVersion, Kind: kindV1, Dir: f.Dir, Name: p.Name, Now: instantV1{p.Now.UTC()}, Zone: p.Zone.String(),
		Lineage: f.Lineage, Serial: f.Serial, Digest: f.Digest, Inventory: f.Inventory,
		Tenants: p.Tenants, Locks: p.Locks, Next: optional(p.Next),
		Changes: []changeV1{}, Waiting: []waitV1{}, Upcoming: []laterV1{},
		Targets: texts(p.Within.Targets), Excludes: texts(p.Within.Excludes), LeftOut: p.LeftOut, Replaced: texts(p.Replaced),
	}
	for i := range p.Changes {
		v.Changes = append(v.Changes, saveChange(&p.Changes[i]))
	}
	for _, x := range p.Waiting {
		v.Waiting = append(v.Waiting, waitV1{
			string(x.Kind), x.Tenant, x.Batch, x.Address, x.Reason, optional(x.Since), optional(x.Until),
		})
	}
	for _, x := range p.Upcoming {
		v.Upcoming = append(v.Upcoming, laterV1{instantV1{x.At.UTC()}, x.Kind.String(), x.Count})
	}
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	if len(b) >= MaxSize {
		return fmt.Errorf("the plan takes %d MiB, and a saved one at most %d: plan a part, with -target", len(b)>>20, MaxSize>>20)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func saveChange(c *plans.Change) changeV1 {
	return changeV1{
		Kind: c.Kind.String(), Tenant: c.Tenant, Batch: c.Batch, Phase: c.Phase, Item: c.Item,
		At: instantV1{c.At.UTC()}, Reason: c.Reason, T: optional(c.Detail.T), OldT: optional(c.Detail.OldT), OldBatch: c.Detail.OldBatch, Recipients: c.Detail.Recipients,
		Into: c.Detail.Into, Attempt: c.Detail.Attempt, Passes: c.Detail.PassesPONR, Doubted: c.Detail.Doubted,
	}
}

// Read reads a saved plan. Errors wrap ErrFormat when the content is to blame.
func Read(r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrFormat, MaxSize>>20)
	}
	var head struct {
		FormatVersion string `json:"format_version"`
		Kind          string `json:"kind"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Kind != kindV1 { // Unmarshal refuses what follows
		return nil, fmt.Errorf("%w: it was not written by transition plan -out, or is not whole", ErrFormat)
	}
	if len(head.FormatVersion) < 2 || head.FormatVersion[:2] != "1." {
		return nil, fmt.Errorf("%w: its format is %q and this version reads 1.x", ErrFormat, head.FormatVersion)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var v fileV1
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrFormat, explain(err))
	}
	if name := repeated(b); name != "" {
		return nil, fmt.Errorf("%w: it has %q twice in one place", ErrFormat, name)
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	return load(&v)
}

func load(v *fileV1) (*File, error) {
	zone, err := time.LoadLocation(v.Zone)
	if err != nil {
		return nil, fmt.Errorf("%w: its time zone %q is not known", ErrFormat, v.Zone)
	}
	p := &plans.Plan{
		Name: v.Name, Now: v.Now.Time, Zone: zone, Lineage: v.Lineage, Serial: v.Serial,
		Tenants: v.Tenants, Locks: v.Locks, Next: instant(v.Next),
	}
	if err := v.choice(p); err != nil {
		return nil, err
	}
	for _, c := range v.Changes {
		kind, ok := plans.ParseKind(c.Kind)
		if !ok {
			return nil, fmt.Errorf("%w: it has a change of the unknown kind %q", ErrFormat, c.Kind)
		}
		p.Changes = append(p.Changes, plans.Change{
			Kind: kind, Tenant: c.Tenant, Batch: c.Batch, Phase: c.Phase, Item: c.Item, At: c.At.Time, Reason: c.Reason,
			Detail: plans.Detail{
				T: instant(c.T), OldT: instant(c.OldT), OldBatch: c.OldBatch, Recipients: c.Recipients, Into: c.Into, Attempt: c.Attempt, PassesPONR: c.Passes, Doubted: c.Doubted,
			},
		})
	}
	for _, x := range v.Waiting {
		p.Waiting = append(p.Waiting, plans.Wait{
			Kind: plans.WaitKind(x.Kind), Tenant: x.Tenant, Batch: x.Batch, Address: x.Address,
			Reason: x.Reason, Since: instant(x.Since), Until: instant(x.Until),
		})
	}
	for _, x := range v.Upcoming {
		kind, ok := plans.ParseKind(x.Kind)
		if !ok {
			return nil, fmt.Errorf("%w: it looks ahead to the unknown kind %q", ErrFormat, x.Kind)
		}
		p.Upcoming = append(p.Upcoming, plans.Upcoming{At: x.At.Time, Kind: kind, Count: x.Count})
	}
	return &File{
		Dir: v.Dir, Lineage: v.Lineage, Serial: v.Serial, Digest: v.Digest, Inventory: v.Inventory, Plan: p,
	}, nil
}

func optional(t time.Time) *instantV1 {
	if t.IsZero() {
		return nil
	}
	return &instantV1{t.UTC()}
}

func instant(t *instantV1) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
