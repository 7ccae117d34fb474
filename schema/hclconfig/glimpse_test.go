package hclconfig

import (
	"testing"
	"testing/fstest"

	"transition/schema/diag"
)

// A plan that cannot be read still leads to its recorded state.
func TestABrokenPlanStillSaysWhereItsStateIs(t *testing.T) {
	const transition = "transition \"move\" {\n  time_zone = \"Europe/Vienna\"\n  state \"sqlite\" { path = \"/srv/state.db\" }\n}\n"
	const found = "move Europe/Vienna /srv/state.db"
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"another file":           {map[string]string{"a": "batch \"b\" {", "p": transition}, found},
		"after it":               {map[string]string{"p": transition + "batch \"b\" {\n  match = \n}\n"}, found},
		"before it":              {map[string]string{"p": "batch \"b\" {\n  match = = true\n}\n" + transition}, found},
		"a brace too many":       {map[string]string{"p": transition + "}\n"}, found},
		"a conflict":             {map[string]string{"p": transition + "<<<<<<< HEAD\nbatch \"b\" {}\n=======\n>>>>>>> other\n"}, found},
		"it is not closed":       {map[string]string{"p": transition[:len(transition)-2]}, found},
		"the path is worked out": {map[string]string{"a": "batch \"b\" {", "p": "transition \"move\" {\n  state \"sqlite\" { path = var.path }\n}\n"}, "move UTC "},
		"nothing is to be seen":  {map[string]string{"p": "}\n"}, " UTC "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for file, content := range tt.files {
				files[file+nativeEnding] = &fstest.MapFile{Data: []byte(content)}
			}
			cfg, diags := Load(files, Options{})
			if !diags.HasErrors() {
				t.Fatal("the plan has no mistake")
			}
			if got := cfg.Name + " " + cfg.Zone.String() + " " + cfg.State.Path; got != tt.want {
				t.Errorf("got %q, want %q; the mistakes are %v", got, tt.want, codes(diags))
			}
		})
	}
}

func codes(l diag.List) (all []string) {
	for i := range l {
		all = append(all, l[i].Code+": "+l[i].Detail)
	}
	return all
}
