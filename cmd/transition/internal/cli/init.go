package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/scaffold"
	"transition/cmd/transition/internal/view"
)

func newInit(env Env, g *globals) *cobra.Command {
	var csv string
	cmd := face{
		use: "init", short: "creates the recorded state of the plan here",
		long: `
In a directory without a plan it first writes a commented one to start from,
which -from-csv fits to a file of tenants that you have. It never overwrites
anything. The lineage that it writes beside the plan belongs into version
control: from then on an absent state is an error, never a fresh start.`,
		example: "init\ninit -from-csv=customers.csv",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runInit(cmd.Context(), env, g, csv)
	})
	cmd.Flags().StringVar(&csv, "from-csv", "", "write the plan for the tenants in `FILE`")
	return cmd
}

func runInit(ctx context.Context, env Env, g *globals, csv string) error {
	var files []string
	has, err := hasPlan(".")
	switch {
	case err != nil:
		return err
	case has && csv != "":
		return usagef("Run it in a directory without a plan, or without -from-csv.", "There is a plan here already, so -from-csv has nothing to write.")
	case !has:
		if files, err = startPlan(env, csv); err != nil {
			return err
		}
	}
	return withProject(env, g, ".", func(p opened) error {
		m, diags := p.Init(ctx)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if g.json {
			return view.CreatedJSON(p.env.Stdout, m, files)
		}
		return view.Created(p.env.Stdout, p.env.screen(Stdout, g), m, files)
	})
}

// hasPlan reports whether a directory holds any plan file.
func hasPlan(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), planFile) || strings.HasSuffix(e.Name(), planFile+".json") {
			return true, err
		}
	}
	return false, err
}

// startPlan writes a plan to start from, and returns the files that it wrote.
func startPlan(env Env, csv string) ([]string, error) {
	dir, err := env.Getwd()
	if err != nil {
		return nil, err
	}
	o := scaffold.Options{Name: filepath.Base(dir), Now: env.Clock.Now()}
	if csv != "" {
		if o.CSV, err = os.ReadFile(csv); err != nil {
			return nil, fmt.Errorf("read the tenants of -from-csv: %w", err)
		}
		if filepath.IsLocal(csv) {
			o.Source = filepath.ToSlash(filepath.Clean(csv))
		}
	}
	files, err := scaffold.Plan(o)
	if err != nil {
		return nil, usagef("", "The file of -from-csv is of no use: %v.", err)
	}
	return writeNew(files)
}

// writeNew writes files of which none may exist.
func writeNew(files []scaffold.File) ([]string, error) {
	for _, f := range files {
		if _, err := os.Lstat(f.Path); !errors.Is(err, os.ErrNotExist) {
			return nil, usagef("Move it away, or run init in an empty directory.", "The file %s exists already.", f.Path)
		}
	}
	var names []string
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
			return names, err
		}
		if err := os.WriteFile(filepath.FromSlash(f.Path), f.Content, 0o644); err != nil {
			return names, err
		}
		names = append(names, f.Path)
	}
	return names, nil
}
