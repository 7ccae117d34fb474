package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"transition/runner/store"
)

// Unused lists the files that init has made, as long as nothing was recorded since:
// the state and the lineage; none if there was no init. Without
// them the plan is as new. false: something is recorded, or nobody can tell.
func (p *Project) Unused(ctx context.Context) (files []string, ok bool) {
	if p.root == nil {
		return nil, false
	}
	lineage, err := p.lineage()
	if err != nil {
		return nil, false
	}
	path := p.statePath()
	s, err := p.open(ctx, path, NeedState)
	if err != nil {
		return nil, errors.Is(err, store.ErrNotFound) && lineage == ""
	}
	m, err := s.Meta(ctx)
	if closed := s.Close(); err != nil || closed != nil {
		return nil, false
	}
	if m.Kind != store.Production || m.Lineage != lineage || !m.LastFact.IsZero() || m.Lost != nil {
		return nil, false
	}
	for _, beside := range [...]string{"", "-wal", "-shm"} {
		if _, err := os.Lstat(path + beside); err == nil {
			files = append(files, path+beside)
		}
	}
	return append(files, p.Beside(lineageFile)), true
}

// Beside is where a file of the plan directory is, for people.
func (p *Project) Beside(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// anew says what to remove so that init makes another state.
func (p *Project) anew(ctx context.Context) string {
	files, ok := p.Unused(ctx)
	if !ok || len(files) == 0 {
		return ""
	}
	return " If it was renamed: nothing is recorded yet, so remove " + strings.Join(files, ", ") + ", and run init again."
}
