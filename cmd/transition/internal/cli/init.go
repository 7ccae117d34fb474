package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/scaffold"
	"transition/cmd/transition/internal/view"
	"transition/runner/regular"
	"transition/schema/diag"
)

type initArgs struct {
	csv string // empty: a plan for made-up tenants
	key string
}

func newInit(env Env, g *globals) *cobra.Command {
	var a initArgs
	cmd := face{
		use: "init", short: "creates the recorded state of the plan here",
		long: `
In a directory without a plan it first writes a commented one to start from,
which -from-csv fits to a file of tenants that you have. It never overwrites
anything. The lineage that it writes beside the plan belongs into version
control: from then on an absent state is an error, never a fresh start.

To try a plan out first, rehearse it: apply -rehearse=INSTANT.`,
		example: "init\ninit -from-csv=customers.csv\ninit -from-csv=customers.csv -key=\"Customer ID\"",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runInit(cmd.Context(), env, g, a)
	})
	cmd.Flags().StringVar(&a.csv, "from-csv", "", "write the plan for the tenants in `FILE`")
	cmd.Flags().StringVar(&a.key, "key", "", "take `COLUMN` of that file for the tenants' ids")
	return cmd
}

func runInit(ctx context.Context, env Env, g *globals, a initArgs) error {
	if a.key != "" && a.csv == "" {
		return usagef("Add -from-csv=FILE.", "-key names a column of the file of -from-csv.")
	}
	var made view.Made
	plan, err := planHere(".")
	has := len(plan) > 0
	switch {
	case err != nil:
		return err
	case has && a.csv != "":
		return writtenAlready(ctx, env, g, a)
	case !has:
		made, err = startPlan(env, g, a)
	}
	if err == nil {
		err = createState(ctx, env, g, made)
	}
	if err != nil && len(made.Files) > 0 {
		fmt.Fprintf(env.Stderr, "\nWritten so far: %s. When the rest is put right: transition init\n", strings.Join(made.Files, ", "))
	}
	return err
}

// writtenAlready refuses to write a plan beside one. As long as nothing is recorded
// it says what to remove, so that it can be written anew.
func writtenAlready(ctx context.Context, env Env, g *globals, a initArgs) error {
	hint := "Run it in a directory without a plan, or without -from-csv."
	plan, err := drawPlan(env, g, a)
	if err != nil {
		return err
	}
	names, err := inTheWay(plan.Files)
	if err != nil {
		return err
	}
	err = withDirectory(env, g, ".", func(p opened, _ diag.List) error {
		if made, ok := p.Unused(ctx); ok {
			var files []string
			for _, name := range names {
				files = append(files, p.Beside(name))
			}
			hint = "Nothing is recorded yet. To have it written anew, remove " + strings.Join(append(files, made...), ", ") + ", and say the same again."
		}
		return nil
	})
	return errors.Join(err, usagef(hint, "There is a plan here already, so -from-csv has nothing to write."))
}

// inTheWay lists the plan that is here, and what else is not as it would be written.
func inTheWay(files []scaffold.File) ([]string, error) {
	names, err := planHere(".")
	for _, f := range files {
		info, missing := os.Lstat(filepath.FromSlash(f.Path))
		if missing == nil && !f.Spare && !holds(info, f) && !slices.Contains(names, f.Path) {
			names = append(names, f.Path)
		}
	}
	return names, err
}

func createState(ctx context.Context, env Env, g *globals, made view.Made) error {
	return withProject(env, g, ".", func(p opened) error {
		m, diags := p.Init(ctx)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if g.json {
			return view.CreatedJSON(p.env.Stdout, m, made)
		}
		return view.Created(p.env.Stdout, p.env.screen(Stdout, g), m, made)
	})
}

// planHere lists the files of the plan in a directory, in either syntax.
func planHere(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), planFile) || strings.HasSuffix(e.Name(), planFile+".json") {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// maxTenantsFile is how large a file of tenants may be, in bytes.
const maxTenantsFile = 512 << 20

// startPlan writes a plan to start from, and says what it has written.
func startPlan(env Env, g *globals, a initArgs) (view.Made, error) {
	plan, err := drawPlan(env, g, a)
	if err != nil {
		return view.Made{}, err
	}
	made := view.Made{Key: plan.Key, Address: plan.Address, Tenants: plan.Tenants}
	made.Files, err = writeNew(plan.Files)
	return made, err
}

// drawPlan makes a plan to start from, and writes nothing.
func drawPlan(env Env, g *globals, a initArgs) (*scaffold.Result, error) {
	dir, err := env.Getwd()
	if err != nil {
		return nil, err
	}
	o := scaffold.Options{Name: filepath.Base(dir), Now: env.Clock.Now(), Key: a.key}
	if a.csv != "" {
		if o.CSV, err = regular.ReadFile(a.csv, maxTenantsFile); err != nil {
			return nil, report(env, g, diag.List{noTenants(a.csv, err)})
		}
		if filepath.IsLocal(a.csv) && filepath.Ext(a.csv) == ".csv" { // what the plan can name
			o.Source = filepath.ToSlash(filepath.Clean(a.csv))
		}
	}
	plan, err := scaffold.Plan(o)
	if err != nil {
		return nil, usagef("", "The file of -from-csv is of no use: %v.", err)
	}
	return plan, nil
}

func noTenants(name string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-tenants-file", Summary: "The file of tenants cannot be read",
		Detail: fmt.Sprintf("The file of -from-csv, %q, cannot be read: %v.", name, errors.Unwrap(err)),
		Hint:   "Name a CSV file whose first row names the columns. Its path counts from here, or from the directory of -chdir.",
	}
}

// writeNew writes files in their order, each whole or not at all, and returns the
// names of those it has written. Left as they are: spare ones, and what an init
// that was cut off has written.
func writeNew(files []scaffold.File) ([]string, error) {
	var missing []scaffold.File
	for _, f := range files {
		switch info, err := os.Lstat(filepath.FromSlash(f.Path)); {
		case errors.Is(err, os.ErrNotExist):
			missing = append(missing, f)
		case !f.Spare && !holds(info, f):
			return nil, usagef("Move it away, or run init in an empty directory.", "The file %s exists already.", f.Path)
		}
	}
	var names []string
	for _, f := range missing {
		if err := os.MkdirAll(filepath.Dir(filepath.FromSlash(f.Path)), 0o755); err != nil {
			return names, err
		}
		if err := maybe.WriteFile(filepath.FromSlash(f.Path), f.Content, 0o644); err != nil {
			return names, err
		}
		names = append(names, f.Path)
	}
	return names, nil
}

// holds reports whether a file that is there is just the one to be written. Only
// a regular file is read: a named pipe would never answer.
func holds(info os.FileInfo, f scaffold.File) bool {
	if info == nil || !info.Mode().IsRegular() || info.Size() != int64(len(f.Content)) {
		return false
	}
	is, err := os.ReadFile(filepath.FromSlash(f.Path))
	return err == nil && bytes.Equal(is, f.Content)
}
