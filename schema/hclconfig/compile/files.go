package compile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// files reads files of the plan's directory, each once: a plan that is evaluated
// for many tenants sees one and the same content for all of them.
type files struct {
	fsys fs.FS
	read func(string, []byte)

	mu        sync.Mutex
	contents  map[string][]byte
	total     int // bytes in contents
	templates map[string]*fileTemplate
}

func newFiles(fsys fs.FS, read func(string, []byte)) *files {
	if read == nil {
		read = func(string, []byte) {}
	}
	return &files{fsys: fsys, read: read, contents: make(map[string][]byte), templates: make(map[string]*fileTemplate)}
}

// fileFunctions lists the functions whose first argument is a path.
func fileFunctions() []string { return []string{"file", "filebase64", "fileexists", "templatefile"} }

func addFileFunctions(table map[string]function.Function, f *files) {
	table["file"] = guarded(textFunc(cty.String, []string{"path"}, func(args []string) (cty.Value, error) {
		content, err := f.text(args[0])
		return cty.StringVal(content), err
	}))
	table["filebase64"] = guarded(textFunc(cty.String, []string{"path"}, func(args []string) (cty.Value, error) {
		content, err := f.open(args[0])
		return cty.StringVal(base64.StdEncoding.EncodeToString(content)), err
	}))
	table["fileexists"] = guarded(textFunc(cty.Bool, []string{"path"}, func(args []string) (cty.Value, error) {
		_, err := f.open(args[0])
		if errors.Is(err, fs.ErrNotExist) {
			return cty.False, nil
		}
		return cty.BoolVal(err == nil), err
	}))
	// What a template may call; it has no templatefile, so that no file can
	// contain itself.
	inner := make(map[string]function.Function, len(table))
	for name, fn := range table {
		inner[name] = fn
	}
	table["templatefile"] = guarded(templateFileFunc(f, inner))
}

// open reads a regular file. The error names no path outside the plan, and is
// fs.ErrNotExist when there is no such file.
func (f *files) open(name string) ([]byte, error) {
	clean, err := localPath(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if content, ok := f.contents[clean]; ok {
		return content, nil
	}
	content, err := readRegular(f.fsys, clean)
	if err != nil {
		return nil, err
	}
	if f.total += len(content); f.total > maxFilesSize {
		return nil, fmt.Errorf("with %.200q, the files that functions read have more than %d MiB together", name, maxFilesSize>>20)
	}
	f.contents[clean] = content
	f.read(clean, content)
	return content, nil
}

// localPath refuses what would lead out of the plan's directory. Symbolic links
// that do are refused by the file system, which is an os.Root.
func localPath(name string) (string, error) {
	slashed := strings.ReplaceAll(name, `\`, "/")
	switch clean := path.Clean(slashed); {
	case name == "":
		return "", errors.New("the path is empty")
	case path.IsAbs(slashed) || strings.Contains(slashed, ":"):
		return "", fmt.Errorf("%.200q is not relative to the plan's directory", name)
	case strings.HasPrefix(clean, "../") || clean == ".." || strings.Contains("/"+slashed+"/", "/../"):
		return "", fmt.Errorf("%.200q leads out of a directory with \"..\"; a plan reads nothing outside its own", name)
	case slashed != name || !fs.ValidPath(clean):
		return "", fmt.Errorf("%.200q is not a path; directories are separated by /", name)
	default:
		return clean, nil
	}
}

// readRegular looks at what a file is before it opens it: a named pipe would
// wait for ever.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missingFile(name)
	case err != nil:
		return nil, fmt.Errorf("%.200q cannot be read: %w", name, cause(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%.200q is not a regular file", name)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%.200q cannot be read: %w", name, cause(err))
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("%.200q cannot be read: %w", name, cause(err))
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%.200q is larger than %d MiB", name, maxFile>>20)
	}
	return content, nil
}

// missingFile is fs.ErrNotExist with the name in the sentence.
type missingFile string

func (m missingFile) Error() string {
	return fmt.Sprintf("there is no file %.200q in the plan's directory", string(m))
}

func (m missingFile) Is(target error) bool { return target == fs.ErrNotExist }

// cause leaves the path out, which the sentence around it names.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (f *files) text(name string) (string, error) {
	content, err := f.open(name)
	if err == nil && !utf8.Valid(content) {
		err = fmt.Errorf("%.200q is not UTF-8; filebase64 reads other files", name)
	}
	return string(content), err
}

// fileTemplate is a parsed template; err says why it could not be parsed.
type fileTemplate struct {
	expr hclsyntax.Expression
	err  error
}

func (f *files) template(name string, functions map[string]function.Function) (hclsyntax.Expression, error) {
	src, err := f.text(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.templates[name]
	if !ok {
		t = parseFileTemplate(src, name, functions)
		f.templates[name] = t
	}
	return t.expr, t.err
}

func parseFileTemplate(src, name string, functions map[string]function.Function) *fileTemplate {
	expr, diags := parseTemplate([]byte(src), name, hcl.InitialPos)
	if diags.HasErrors() {
		return &fileTemplate{err: inFile(diags)}
	}
	// Names are those of the call's second argument, and known only then.
	r := newResolver(&Scope{Functions: functions, Consts: map[string]cty.Value{}})
	r.constant = true
	for _, t := range expr.Variables() {
		r.locals[t.RootName()] = firstLoop << 20
	}
	resolved, _ := r.resolve(expr)
	if r.diags.HasErrors() {
		return &fileTemplate{err: inFile(r.diags)}
	}
	return &fileTemplate{expr: resolved}
}

// inFile is the first error with its place, which is not in the plan file that
// calls the function.
func inFile(diags hcl.Diagnostics) error {
	d := firstError(diags)
	if d.Subject == nil {
		return errors.New(d.Detail)
	}
	return fmt.Errorf("%s, line %d: %s", d.Subject.Filename, d.Subject.Start.Line, strings.TrimSuffix(d.Detail, "."))
}

// templateFileFunc evaluates a template file with the values of an object.
func templateFileFunc(f *files, functions map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, anything("vars")},
		Type: func(args []cty.Value) (cty.Type, error) {
			if t := args[1].Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.NilType, function.NewArgErrorf(1, "must be an object with the template's variables")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			expr, err := f.template(args[0].AsString(), functions)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			vars := args[1].AsValueMap()
			for _, t := range expr.Variables() {
				if _, ok := vars[t.RootName()]; !ok {
					return cty.NilVal, function.NewArgErrorf(1, "the template names %q, which is not among its variables", t.RootName())
				}
			}
			v, diags := evaluate(newScratch(&hcl.EvalContext{Variables: vars, Functions: functions}), expr)
			if diags.HasErrors() {
				return cty.NilVal, function.NewArgError(0, inFile(diags))
			}
			return convert.Convert(v, cty.String)
		},
	})
}
