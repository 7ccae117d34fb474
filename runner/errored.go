package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2/maybe"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/regular"
	"transition/runner/store"
	"transition/schema/diag"
)

// erroredVersion is that of the format of errored.
const erroredVersion = "1.0"

// errored are outcomes that could not be recorded when they came.
type errored struct {
	Version string        `json:"format_version"`
	Lineage string        `json:"lineage"`
	Serial  int64         `json:"serial"`
	Written time.Time     `json:"written_at"`
	Facts   []ledger.Fact `json:"facts"`
}

// keep writes the outcomes that could not be recorded into a file beside the
// state, or where that fails as well into the diagnostic.
func (p *Project) keep(facts []ledger.Fact) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: "outcomes-not-recorded", Summary: "What was done could not be recorded"}
	e := errored{erroredVersion, p.meta.Lineage, p.meta.Serial, p.o.Clock.Now().UTC(), facts}
	b, err := json.MarshalIndent(e, "", "  ")
	file := ""
	if err == nil {
		file, err = writeErrored(filepath.Dir(p.statePath()), &e, append(b, '\n'))
	}
	what := fmt.Sprintf("No new attempts were begun. What became of %s that ran is not in the recorded state, which takes it for unknown; it", counted(len(facts)))
	if err != nil {
		d.Detail = fmt.Sprintf("%s could not be written beside it either (%v), and is this:\n%s", what, plain(err), b)
		d.Hint = "Save that text from the brace on in a file. When the state can be written again: transition state push FILE"
		return d
	}
	d.Detail = fmt.Sprintf("%s was written to %s.", what, file)
	d.Hint = "When the state can be written again: transition state push " + file
	return d
}

func counted(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// writeErrored writes a file that was not there.
func writeErrored(dir string, e *errored, b []byte) (string, error) {
	for n := 1; ; n++ {
		name := filepath.Join(dir, fmt.Sprintf("errored-%s-%d.json", e.Lineage, e.Serial))
		if n > 1 {
			name = filepath.Join(dir, fmt.Sprintf("errored-%s-%d-%d.json", e.Lineage, e.Serial, n))
		}
		if _, err := os.Lstat(name); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return name, maybe.WriteFile(name, b, 0o600)
	}
}

// Push is the word by which outcomes of errored are recorded.
const Push VerbKind = "state push"

// maxErrored bounds what is read of a file of outcomes, in bytes.
const maxErrored = 64 << 20

// Push records the outcomes that an apply could not record, of attempts of which
// nobody has said anything since. It may be repeated.
func (p *Project) Push(ctx context.Context, file string) (VerbResult, diag.List) {
	e, err := readErrored(file)
	if err != nil {
		return VerbResult{}, diag.List{{
			Severity: diag.Error, Code: "no-outcomes", Summary: "The file of outcomes cannot be used",
			Detail: fmt.Sprintf("%s: %v.", file, plain(err)),
			Hint:   "Name a file errored-LINEAGE-SERIAL.json that an apply has written, unchanged.",
		}}
	}
	if e.Lineage != p.meta.Lineage || e.Serial > p.meta.Serial {
		return VerbResult{}, diag.List{{
			Severity: diag.Error, Code: "other-state", Summary: "The outcomes are of another state",
			Detail: fmt.Sprintf("%s is of the state %s at serial %d or later; the one at %s is %s at serial %d.", file, e.Lineage, e.Serial, p.statePath(), p.meta.Lineage, p.meta.Serial),
			Hint:   "Name the right state with -state=FILE.",
		}}
	}
	lease, err := p.state.Lease(ctx, p.holder(ApplyOptions{Command: string(Push)}))
	var held *store.HeldError
	if errors.As(err, &held) {
		return VerbResult{}, diag.List{p.busy(held)}
	}
	if err != nil {
		return VerbResult{}, diag.List{stateProblem(err)}
	}
	res, err := p.push(ctx, lease, e)
	if err = errors.Join(err, lease.Release()); err != nil {
		return res, diag.List{stateProblem(err)}
	}
	return res, nil
}

// outcomesLeft warns of files beside the state that say what became of attempts of
// which the state does not know it: whoever answers for those would guess what is
// known.
func (p *Project) outcomesLeft(ctx context.Context) diag.List {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(p.statePath()), "errored-"+p.meta.Lineage+"-*.json"))
	if err != nil || len(files) == 0 {
		return nil
	}
	open, err := p.openByID(ctx)
	if err != nil {
		return nil // whoever needs the state will hear of it
	}
	var diags diag.List
	for _, file := range files {
		e, err := readErrored(file)
		if err != nil {
			continue
		}
		n := 0
		for i := range e.Facts {
			f := e.Facts[i]
			if r, err := p.state.Record(ctx, f.Tenant); err == nil && r != nil && missingOutcome(r, open[f.Attempt], &f) == "" {
				n++
			}
		}
		if n > 0 {
			diags.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "outcomes-left", Summary: "Outcomes wait to be recorded",
				Detail: fmt.Sprintf("%s says what became of %d attempts that the recorded state takes for unknown, since it could not be written.", file, n),
				Hint:   "Record that before anybody answers for them: transition state push FILE",
			})
		}
	}
	return diags
}

// openByID are the attempts without an outcome.
func (p *Project) openByID(ctx context.Context) (map[int64]*store.Attempt, error) {
	open, err := p.state.OpenAttempts(ctx)
	byID := make(map[int64]*store.Attempt, len(open))
	for i := range open {
		byID[open[i].ID] = &open[i]
	}
	return byID, err
}

func readErrored(file string) (*errored, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxErrored:
		return nil, errors.New("it is too large")
	}
	b, err := regular.ReadFile(file, maxErrored)
	if err != nil {
		return nil, err
	}
	var e struct {
		errored
		Facts []json.RawMessage `json:"facts"` // one by one, to say which is wrong
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	if e.Version != erroredVersion || len(e.Facts) == 0 {
		return nil, fmt.Errorf("it holds no outcomes of format %s", erroredVersion)
	}
	seen := make(map[int64]int, len(e.Facts))
	for i, raw := range e.Facts {
		f, err := readOutcome(raw)
		if err != nil {
			return nil, fmt.Errorf("entry %d of it cannot be used, so that nothing is taken from it: %w", i+1, err)
		}
		if first := seen[f.Attempt]; first > 0 {
			return nil, fmt.Errorf("its entries %d and %d are both outcomes of attempt %d, so that nothing is taken from it", first, i+1, f.Attempt)
		}
		seen[f.Attempt] = i + 1
		e.errored.Facts = append(e.errored.Facts, f)
	}
	return &e.errored, nil
}

// readOutcome reads one fact, and refuses what is no outcome that can be recorded.
func readOutcome(raw json.RawMessage) (f ledger.Fact, err error) {
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, err
	}
	switch {
	case !store.OfAttempt(f.Kind) && f.Kind != ledger.Polled || f.Kind == ledger.Began:
		return f, fmt.Errorf("its kind, %q, is no outcome", f.Kind)
	case f.Attempt <= 0:
		return f, errors.New("it names no attempt")
	case f.At.IsZero():
		return f, fmt.Errorf("the outcome of attempt %d has no instant: \"at\" is missing", f.Attempt)
	case f.Item == "":
		return f, fmt.Errorf("the outcome of attempt %d names no item", f.Attempt)
	}
	return store.Canonical(f)
}

// push records what is still open in one transaction.
func (p *Project) push(ctx context.Context, lease store.Lease, e *errored) (res VerbResult, err error) {
	byID, err := p.openByID(ctx)
	if err != nil {
		return res, err
	}
	commit := store.Commit{Now: p.Now()}
	for i := range e.Facts {
		f := e.Facts[i]
		r, err := p.state.Record(ctx, f.Tenant)
		if err != nil {
			return res, err
		}
		why := "is not an attempt of this state"
		if r != nil {
			why = missingOutcome(r, byID[f.Attempt], &f)
		}
		if why != "" {
			res.Left = append(res.Left, Left{addressOf(&f), why})
			continue
		}
		commit.Decided = append(commit.Decided, store.Decided{Tenant: f.Tenant, Rev: r.Rev, Facts: []ledger.Fact{f}})
		res.Touched = append(res.Touched, addressOf(&f))
	}
	if len(commit.Decided) == 0 {
		return res, nil
	}
	crashpoint.Hit("push.before_commit")
	done, err := lease.Commit(ctx, commit)
	crashpoint.Hit("push.after_commit")
	for i := range done.Refused {
		if done.Refused[i] {
			err = errors.Join(err, errMoved)
		}
	}
	return res, err
}

// attempted is the item whose newest attempt a fact is about; nil: there is none.
func attempted(r *ledger.Record, f *ledger.Fact) *ledger.Item {
	i := slices.IndexFunc(r.Items, func(it ledger.Item) bool { return plans.LastTry(&it, f.Op, f.Recipient).Attempt == f.Attempt })
	if i < 0 {
		return nil
	}
	return &r.Items[i]
}

// missingOutcome says why an outcome is of no use. Of an attempt that was taken for
// unknown meanwhile it makes an answer, as a probe would give it.
func missingOutcome(r *ledger.Record, open *store.Attempt, f *ledger.Fact) string {
	it := r.Item(f.Item)
	if it == nil {
		it = attempted(r, f) // it has another name by now
	}
	if it == nil {
		return "is not an attempt of this state"
	}
	f.Item = it.Key
	try := plans.LastTry(it, f.Op, f.Recipient)
	switch {
	case open != nil && (open.Tenant != f.Tenant || open.Item != f.Item || open.Op != f.Op || open.Recipient != f.Recipient || open.Key != f.Key):
		return "is another attempt in this state"
	case open != nil && !open.BegunAt.IsZero() && try.State == ledger.Running:
		return ""
	case try.State != ledger.Lost || try.Attempt != f.Attempt:
		return "has an outcome already"
	case f.Kind == ledger.Succeeded:
		f.Kind, f.Answer = ledger.Probed, ledger.AnswerDone
	case f.Kind == ledger.Failed:
		f.Kind, f.Answer = ledger.Probed, ledger.AnswerNotDone
	default:
		return "is unknown already"
	}
	return ""
}
