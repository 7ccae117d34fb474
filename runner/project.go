// Package runner makes a plan happen: it opens the plan directory and the
// recorded state, asks package plans what is due, and has the effects.
//
// It prints nothing and parses no HCL; what it finds it returns, and what it
// does it tells as events.
package runner

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/runner/clock"
	"transition/runner/keeper"
	"transition/runner/process"
	"transition/runner/regular"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/hclconfig"
	"transition/schema/inventory"
	"transition/schema/secret"
)

// maxVarFile is how large a file of -var-file may be, in bytes.
const maxVarFile = 1 << 20

// Options say which plan directory to open, and with what.
type Options struct {
	Dir      string   // the plan directory
	Vars     []string // NAME=VALUE, from -var
	VarFiles []string // from -var-file
	// Interrupt ends the wait for a pipe among VarFiles, which waits for whoever writes
	// into it. nil: nothing does.
	Interrupt <-chan struct{}
	Environ   []string // os.Environ(); only TRANSITION_VAR_* is looked at, and what commands inherit
	State     string   // file of the recorded state; empty: what the plan says
	Log       hclog.Logger
	Version   string // of the tool, for required_version
	Clock     clock.Clock
	// Actions has the effects; nil: the real ones.
	Actions *Actions
	// FileSystem names the file system of a directory, if it is one of the network;
	// nil: the system is asked.
	FileSystem func(dir string) (string, error)
	// MayWrite asks whether a file, or a directory, may be written; nil: the system
	// is asked.
	MayWrite func(name string) error
	// Keeper makes the process that runs commands, so that they outlive this one
	// unharmed: this program, with keeper.Word. nil: this process runs them itself.
	Keeper keeper.Program
	// Processes tells which commands still run; nil: the system's.
	Processes process.Table
}

// Project is an opened plan directory, with its recorded state if there is one.
// Close it when done.
type Project struct {
	Config *schema.Config

	o       Options
	log     hclog.Logger
	root    *os.Root
	files   fs.FS
	dir     string // absolute
	tenants *inventory.Source
	state   store.Store
	meta    store.Meta
	// restoration is what the state lacks, as far as that was asked; nil: nothing.
	restoration *ledger.Restoration
	fresh       bool // a rehearsal that is yet to be made
	broken      bool // the plan directory could not be read: nothing is done under it
	// borrowed: it is a plan that the state of a project keeps, and uses that
	// state; partial: it is the one that was applied in part.
	borrowed, partial bool
	// partings are the rows of tenants that leave, which the adopted plan may not
	// have any more.
	partings map[string]map[string]string
	instant  time.Time // given by the user; zero: the clock's
	secrets  *secret.Scrubber
}

// Open reads and checks the plan directory. It opens no state and touches
// nothing. After errors the project is good only for its Config.Sources, and for
// the plan that its state has adopted.
func Open(o Options) (*Project, diag.List) {
	p := &Project{o: o, log: o.Log, Config: &schema.Config{}}
	if p.log == nil {
		p.log = hclog.NewNullLogger()
	}
	dir, err := filepath.Abs(o.Dir)
	if err == nil {
		p.root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return p, diag.List{noDirectory(o.Dir, err)}
	}
	p.dir, p.files = dir, regular.FS(p.root)
	files, diags := readVarFiles(o.VarFiles, o.Interrupt)
	cfg, more := hclconfig.Load(p.files, hclconfig.Options{
		Vars: o.Vars, VarFiles: files, Environ: o.Environ, Version: o.Version,
	})
	if cfg != nil {
		p.Config = cfg
		p.secrets = secret.New(cfg.Secrets)
	}
	diags = append(diags, more...)
	p.broken = diags.HasErrors()
	return p, diags
}

// Close releases the directory and the state.
func (p *Project) Close() error {
	if p.borrowed {
		return nil
	}
	var err error
	if p.state != nil {
		err = p.state.Close()
	}
	if p.root != nil {
		err = errors.Join(err, p.root.Close())
	}
	return err
}

// Validate checks everything that can be wrong without looking at the state:
// the rows of the inventories, what expressions make of each tenant, and the
// arithmetic of all dates.
func (p *Project) Validate() diag.List {
	diags := timeline.Check(p.Config)
	if more := p.openInventory(); more.HasErrors() {
		return append(diags, more...)
	}
	diags = append(diags, plans.CheckTenants(p.Config, p.each(&diags))...)
	diags.Fill(p.Config.Sources)
	return diags
}

// Read finds what keeps the plan directory from being read: Validate without what
// is wrong for single tenants only.
func (p *Project) Read() diag.List {
	diags := p.sound()
	if diags.HasErrors() {
		return diags
	}
	for range p.each(&diags) { // what is wrong with the rows goes into diags
	}
	diags.Fill(p.Config.Sources)
	return diags
}

// scrub takes the secrets of the plan out of a fact.
func (p *Project) scrub(f *ledger.Fact) {
	e := &f.Evidence
	for _, text := range []*string{&f.Reason, &f.By, &e.Reply, &e.Output, &e.Message, &e.Digest} {
		*text = p.secrets.Clean(*text)
	}
}

// openInventory opens the tenants, once.
func (p *Project) openInventory() diag.List {
	if p.tenants != nil {
		return nil
	}
	src, diags := inventory.Open(p.files, p.Config)
	p.tenants = src
	return diags
}

// input is what a plan is computed from: the inventory, what is recorded, and the
// rows of those who are gone. Diagnostics of reading the inventory are added to
// diags.
func (p *Project) input(ctx context.Context, now time.Time, gone *rows, diags *diag.List) plans.Input {
	in := plans.Input{
		Config: p.Config, Now: now,
		Tenants: p.each(diags),
		Records: func(func(*ledger.Record, error) bool) {},
	}
	if p.state != nil {
		in.Adopted = p.before(ctx, diags)
		in.Records = p.state.Records(ctx)
		_, in.Live = p.Holder(ctx)
		var err error
		if in.Orphans, in.Beside, err = p.outlived(ctx); err != nil {
			diags.Add(stateProblem(err))
		}
		if !in.Live {
			facts, err := p.ends(ctx, now)
			if err != nil {
				diags.Add(stateProblem(err))
			}
			if len(facts) > 0 {
				in.Records = with(in.Records, facts)
				diags.Add(unrecorded(facts))
			}
		}
		if err := p.restored(ctx); err != nil {
			diags.Add(stateProblem(err))
		}
		in.Lacks = p.restoration
	}
	if p.state != nil && p.instant.IsZero() && p.meta.Kind != store.Rehearsal {
		in.Reached = p.reached()
	}
	if p.state != nil && (!p.borrowed || p.partial) { // the adopted plan lacks nobody that it knew
		in.Row = gone.of
	}
	if p.borrowed {
		in.Since = p.keptAt()
	}
	return in
}

// each yields the tenants of the inventory, and adds what is wrong with reading
// them to diags.
func (p *Project) each(diags *diag.List) iter.Seq[*schema.Tenant] {
	return func(yield func(*schema.Tenant) bool) {
		*diags = append(*diags, p.tenants.Each(yield)...)
	}
}

func readVarFiles(names []string, interrupt <-chan struct{}) ([]hclconfig.NamedBytes, diag.List) {
	var files []hclconfig.NamedBytes
	var diags diag.List
	for _, name := range names {
		content, err := readVarFile(name, interrupt)
		if err != nil {
			diags.Add(diag.Diagnostic{
				Severity: diag.Error, Code: "no-var-file", Summary: "Variable file cannot be read",
				Detail: "The file given with -var-file cannot be read: " + err.Error() + ".",
				Hint:   "Paths of -var-file are relative to the directory in which the command runs.",
			})
			continue
		}
		files = append(files, hclconfig.NamedBytes{Name: name, Content: content})
	}
	return files, diags
}

// readVarFile reads also what is no regular file, since -var-file=<(…) is how values
// come out of a vault; but no more of it than a file may have.
func readVarFile(name string, interrupt <-chan struct{}) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	read := make(chan result, 1)
	go func() { // which ends with the process if nobody ever writes
		f, err := os.Open(name)
		if err != nil {
			read <- result{err: err}
			return
		}
		defer f.Close()
		content, err := regular.ReadAll(f, name, maxVarFile)
		read <- result{content, err}
	}()
	select {
	case r := <-read:
		return r.content, r.err
	case <-interrupt:
		return nil, errors.New("interrupted while it was read")
	}
}

func noDirectory(dir string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-directory", Summary: "Plan directory cannot be opened",
		Detail: "The directory " + strconv.Quote(dir) + " cannot be opened: " + err.Error() + ".",
		Hint:   "Name the directory that holds the *.transition.hcl files, as an argument or with -chdir=DIR.",
	}
}
