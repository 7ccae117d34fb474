package runner

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"transition/runner/store"
	"transition/schema/diag"
	"transition/schema/hclconfig"
	"transition/schema/secret"
)

// Adopted is the plan that a state adopted last, or of which a part was applied
// since, with its inventories, as they were then. Commands run in the plan
// directory of today.
type Adopted struct {
	*Project          // it lives as long as the one that it was opened from
	disk     *Project // what the plan directory holds now, be it right or wrong
}

// Adopted opens the plan that the open state adopted last; nil, and no error:
// it keeps none, or no state is open. What is wrong with the project itself does
// not matter.
//
// Values of secret variables are not kept: they come from the options of the
// project.
func (p *Project) Adopted(ctx context.Context) (*Adopted, diag.List) {
	return p.kept(ctx, false)
}

// Part opens the plan of which a part was applied last, since another one was
// adopted; nil, and no error: there was none. It is as Adopted.
func (p *Project) Part(ctx context.Context) (*Adopted, diag.List) {
	return p.kept(ctx, true)
}

// Kept are both, the adopted one first. What keeps one from being opened is no
// reason not to go by the other one.
func (p *Project) Kept(ctx context.Context) ([]*Adopted, diag.List) {
	var all []*Adopted
	var diags diag.List
	for _, open := range [...]func(context.Context) (*Adopted, diag.List){p.Adopted, p.Part} {
		a, more := open(ctx)
		if diags = append(diags, more...); a != nil {
			all = append(all, a)
		}
	}
	return all, diags
}

func (p *Project) kept(ctx context.Context, partial bool) (*Adopted, diag.List) {
	if p.state == nil {
		return nil, nil
	}
	read := p.state.Adopted
	if partial {
		read = p.state.Part
	}
	kept, err := read(ctx)
	if err != nil {
		return nil, diag.List{stateProblem(err)}
	}
	if kept == nil {
		return nil, nil
	}
	meta, err := p.state.Meta(ctx)
	if err != nil {
		return nil, diag.List{stateProblem(err)}
	}
	a := &Project{
		o: p.o, log: p.log, dir: p.dir, instant: p.instant,
		state: p.state, meta: meta, borrowed: true, partial: partial,
	}
	a.o.State = p.statePath()
	if diags := a.load(p, kept); diags.HasErrors() {
		return nil, diags
	}
	return &Adopted{Project: a, disk: p}, nil
}

// keptAt is when a plan that the state keeps was applied.
func (p *Project) keptAt() time.Time {
	if p.partial {
		return p.meta.PartAt
	}
	return p.meta.AdoptedAt
}

// how says how that was.
func (p *Project) how() string {
	if p.partial {
		return "applied in part"
	}
	return "adopted"
}

// dated names a plan that the state keeps.
func (p *Project) dated() string { return "plan " + p.how() + " on " + p.show(p.keptAt()) }

// Name names the plan for a heading.
func (a *Adopted) Name() string { return "plan " + a.how() + " " + a.show(a.keptAt()) }

// load reads the plan from the files that were kept.
func (p *Project) load(disk *Project, kept *store.Adoption) diag.List {
	given, diags := disk.given(kept)
	if diags.HasErrors() {
		return diag.List{p.unopened(diags)}
	}
	files := newKeptFS(kept.Files, p.keptAt())
	p.Config, diags = hclconfig.Load(files, given)
	if missing := p.missing(kept.Withheld); len(missing) > 0 {
		return diag.List{p.withheld(missing)}
	}
	if diags.HasErrors() {
		return diag.List{p.unopened(diags)}
	}
	files.beyond = disk.files
	p.files, p.secrets = files, secret.New(p.Config.Secrets)
	if p.rehearsing() {
		return p.rehearsable()
	}
	return nil
}

// given are the values of the adopted plan's variables: those that were kept,
// and of those that are secret the present ones.
func (p *Project) given(kept *store.Adoption) (hclconfig.Options, diag.List) {
	o := hclconfig.Options{Version: p.o.Version}
	var diags diag.List
	if len(kept.Withheld) > 0 {
		o.VarFiles, diags = p.presentFiles()
		o.Vars = named(p.o.Vars, "", kept.Withheld)
		o.Environ = named(p.o.Environ, "TRANSITION_VAR_", kept.Withheld)
	}
	for _, v := range kept.Vars {
		name, value, _ := strings.Cut(v, "=")
		o.VarFiles = append(o.VarFiles, hclconfig.NamedBytes{Name: name + ".json", Content: varFile(name, value)})
	}
	return o, diags
}

// presentFiles reads the files of values that there are now.
func (p *Project) presentFiles() ([]hclconfig.NamedBytes, diag.List) {
	var files []hclconfig.NamedBytes
	if p.files != nil {
		names, _ := fs.Glob(p.files, "*.auto.hclvars") // the pattern is right
		for _, name := range names {
			var content bytes.Buffer
			if err := copyRegular(&content, p.files, name); err == nil { // else a value may be missing, which is said
				files = append(files, hclconfig.NamedBytes{Name: name, Content: content.Bytes()})
			}
		}
	}
	more, diags := readVarFiles(p.o.VarFiles, p.o.Interrupt)
	return append(files, more...), diags
}

// named leaves of NAME=VALUE those with one of the names, behind a prefix.
func named(all []string, prefix string, names []string) []string {
	var out []string
	for _, v := range all {
		key, _, _ := strings.Cut(v, "=")
		if name, ok := strings.CutPrefix(strings.TrimSpace(key), prefix); ok && slices.Contains(names, name) {
			out = append(out, v)
		}
	}
	return out
}

// varFile is a file with one value, which is JSON. In such files texts are
// templates.
func varFile(name, value string) []byte {
	value = strings.NewReplacer("${", "$${", "%{", "%%{").Replace(value)
	return fmt.Appendf(nil, "{%q: %s}", name, value)
}

// missing lists the names of variables that nobody sets now.
func (p *Project) missing(names []string) []string {
	var out []string
	for _, v := range p.Config.Variables {
		if !v.Set && slices.Contains(names, v.Name) {
			out = append(out, v.Name)
		}
	}
	return out
}

func (p *Project) withheld(names []string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "adopted-secret", Summary: "The adopted plan needs values that are not kept",
		Detail: fmt.Sprintf("The %s had values for %s from outside. They are secret, so that they were not kept, and without them nothing can be done under it.",
			p.dated(), strings.Join(names, ", ")),
		Hint: fmt.Sprintf("Give them again: with -var=%s=…, -var-file=FILE, or TRANSITION_VAR_%[1]s in the environment.", names[0]),
	}
}

// unopened says why the adopted plan cannot be read; l has an error.
func (p *Project) unopened(l diag.List) diag.Diagnostic {
	first := l.Errors()[0]
	return diag.Diagnostic{
		Severity: diag.Error, Code: "adopted-plan", Summary: "The adopted plan cannot be opened",
		Detail: fmt.Sprintf("The recorded state keeps the %s, and this version of transition, with the values given now, cannot read it. %s: %s",
			p.dated(), first.Summary, first.Detail),
		Hint: "Correct the plan directory, or use the version of transition that applied it last.",
	}
}
