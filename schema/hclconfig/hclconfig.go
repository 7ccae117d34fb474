// Package hclconfig reads a plan directory: files of HCL, in its native syntax
// or as JSON, become a [schema.Config] with every reference resolved and every
// expression compiled.
//
// Reading goes in steps, each of which reports all it finds: files are parsed;
// blocks are compared with the description in package spec; variables and locals
// get their values; attributes are evaluated, or compiled where they differ from
// tenant to tenant; and at last phases, items and batches are put together and
// held against the rules of the language.
package hclconfig

import (
	"io/fs"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
	"transition/schema/spec"
)

// Options are what a plan is read with, beside its files.
type Options struct {
	Vars     []string     // NAME=VALUE; a later one beats an earlier one
	VarFiles []NamedBytes // read by the caller, since they may lie anywhere
	Environ  []string     // KEY=VALUE; only TRANSITION_VAR_NAME is looked at
	Version  string       // of this program, for required_version; empty: any
}

// NamedBytes is a file that the caller has read.
type NamedBytes struct {
	Name    string
	Content []byte
}

// Load reads the plan in the root directory of fsys. The diagnostics hold every
// mistake that could be found, with snippets, and sorted. When there are errors
// the configuration is incomplete: it serves to show sources and to find the
// recorded state, and nothing else.
//
// Load opens nothing but what lies in fsys, and keeps fsys for functions that
// read files while expressions are evaluated.
func Load(fsys fs.FS, o Options) (*schema.Config, diag.List) {
	l := newLoader(fsys, o)
	l.load()
	l.finish()
	return l.cfg, l.diags
}

// loader carries one Load from step to step.
type loader struct {
	fsys  fs.FS
	opts  Options
	cfg   *schema.Config
	diags diag.List
	input *inputs

	root  *node
	names map[string][]string // the names of the blocks of each kind
	scope *compile.Scope

	vars     map[string]*variable
	defaults itemDefaults
	channels map[string]*schema.Channel // by KIND.NAME
	retries  map[string]*schema.Retry
	limits   map[string]*schema.Limit
	batches  map[string]*schema.Batch
	phases   map[string]*schema.Phase
	items    map[*schema.Phase]map[string]*schema.Item
	blocks   map[*schema.Item]*node // of the items of phases
	messages map[messageKey]*schema.Message
	named    map[*schema.Text]map[string]bool // what texts name of what differs from tenant to tenant
	total    int                              // bytes read so far
	tokens   int                              // of what was parsed so far
	derived  derived                          // secrets that were made of others

	more       int  // mistakes that are not listed
	moreErrors bool // among them

	// columnsUnknown: an inventory could not be read, so that no attribute of a
	// tenant can be called unknown.
	columnsUnknown bool
	// valuesUnknown: a variable or local has no value because of a mistake.
	valuesUnknown bool
	// overspent: the plan has taken too much, and nothing more is evaluated.
	overspent bool
}

func newLoader(fsys fs.FS, o Options) *loader {
	l := &loader{
		fsys: fsys,
		opts: o,
		cfg: &schema.Config{
			Zone:    time.UTC,
			Columns: schema.NewColumns(nil),
			Sources: make(map[string][]byte),
			Tenants: make(map[string]*schema.TenantBlock),
		},
		input:    &inputs{digests: make(map[string][32]byte)},
		names:    make(map[string][]string),
		vars:     make(map[string]*variable),
		channels: make(map[string]*schema.Channel),
		retries:  make(map[string]*schema.Retry),
		limits:   make(map[string]*schema.Limit),
		batches:  make(map[string]*schema.Batch),
		phases:   make(map[string]*schema.Phase),
		items:    make(map[*schema.Phase]map[string]*schema.Item),
		blocks:   make(map[*schema.Item]*node),
		messages: make(map[messageKey]*schema.Message),
		named:    make(map[*schema.Text]map[string]bool),
	}
	l.scope = &compile.Scope{
		Consts:    map[string]cty.Value{"var": cty.EmptyObjectVal, "local": cty.EmptyObjectVal},
		Functions: compile.Functions(fsys, l.input.add),
		Spent:     new(int),
		Secret:    l.secret,
	}
	return l
}

func (l *loader) load() {
	bodies, whole := l.readFiles()
	l.root = l.decodeRoot(spec.Plan(), bodies, whole)
	if !whole {
		l.glimpse()
		return // what a broken file holds cannot be told from what is missing
	}
	l.register()
	l.readVariables()
	l.readLocals()
	l.validateVariables()
	l.readTransition()
	l.readTenantColumns()
	l.readChannels()
	l.readPolicies()
	l.readPhases()
	l.readEvents()
	l.numberEvents()
	l.readPostpone()
	l.readConsent()
	l.readBatches()
	l.readConstraints()
	l.readTenants()
	l.readChanges()
	l.readChecks()
	l.digestItems()
}

// finish makes what was collected presentable.
func (l *loader) finish() {
	l.cfg.Inputs = l.input.close()
	l.cfg.Digest = l.digest()
	l.tellMore()
	l.diags.Fill(l.cfg.Sources)
	l.redact()
	l.diags.Sort()
}

// inputs collects what a plan was read from. Functions that read files may add
// to it while it is closed, from many goroutines: such files are then no part of
// the plan's digest, and are ignored.
type inputs struct {
	mu      sync.Mutex
	digests map[string][32]byte
	closed  bool
}
