package hclconfig

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
)

const envPrefix = "TRANSITION_VAR_"

// maxTypeSize bounds the text of a type, which the parser reads recursively.
const maxTypeSize = 4 << 10

// variable is a declared variable on its way to a value.
type variable struct {
	node      *node
	ty        cty.Type
	defaults  *typeexpr.Defaults
	sensitive bool
	ephemeral bool
	given     *given
	value     cty.Value // cty.DynamicVal after a mistake
	json      []byte
}

// given is a value from outside: a text that is still to be read, or a value.
type given struct {
	text  string
	value cty.Value // cty.NilVal: text counts
	from  string    // "-var", for people
	rng   hcl.Range
}

// readVariables gives every declared variable its value: that of -var, else of
// -var-file, else of *.auto.hclvars, else of the environment, else its default.
func (l *loader) readVariables() {
	for _, n := range l.root.each("variable") {
		if l.identifier(n) {
			l.vars[n.name()] = l.declare(n)
		}
	}
	l.fromEnviron()
	l.fromAutoFiles()
	for _, f := range l.opts.VarFiles {
		l.fromVarFile(f.Name, f.Content)
	}
	l.fromFlags()
	values := make(map[string]cty.Value, len(l.vars))
	for _, name := range slices.Sorted(maps.Keys(l.vars)) {
		v := l.vars[name]
		v.value = l.settle(v)
		l.keep(v)
		values[name] = v.value
		if v.secret() {
			values[name] = v.value.Mark(compile.Sensitive)
		}
	}
	l.scope.Consts["var"] = cty.ObjectVal(values)
}

// secret reports whether the value may be shown nowhere. What is ephemeral may
// not, since what is shown is also recorded.
func (v *variable) secret() bool { return v.sensitive || v.ephemeral }

func (l *loader) declare(n *node) *variable {
	v := &variable{node: n, ty: cty.DynamicPseudoType, value: cty.DynamicVal}
	l.evaluate(n)
	v.sensitive, v.ephemeral = value[bool](n, "sensitive"), value[bool](n, "ephemeral")
	if t := n.attrs["type"]; t != nil {
		v.ty, v.defaults = l.typeOf(n, t.Expr)
	}
	return v
}

func (l *loader) typeOf(n *node, e hcl.Expression) (cty.Type, *typeexpr.Defaults) {
	if r := e.Range(); r.End.Byte-r.Start.Byte > maxTypeSize {
		l.tooMuch(n, excess{rng: r, what: "is a type of more than 4 KiB"})
		return cty.DynamicPseudoType, nil
	}
	ty, defaults, diags := typeexpr.TypeConstraintWithDefaults(e)
	if !diags.HasErrors() {
		return ty, defaults
	}
	for _, d := range diags {
		l.report(n, e.Range(), diag.Diagnostic{
			Code: "bad-type", Summary: "Not a type", Detail: d.Detail,
			Hint: "Write string, number, bool, any, list(…), set(…), map(…), object({ … }) or tuple([ … ]).",
		})
	}
	return cty.DynamicPseudoType, nil
}

func (l *loader) fromEnviron() {
	for _, entry := range l.opts.Environ {
		key, text, _ := strings.Cut(entry, "=")
		name, ok := strings.CutPrefix(key, envPrefix)
		if v := l.vars[name]; ok && v != nil {
			v.given = &given{text: text, from: "the environment variable " + key}
		}
	}
}

func (l *loader) fromAutoFiles() {
	names, err := l.list(autoVarEnding)
	if err != nil {
		return // listPlan has reported it
	}
	for _, name := range names {
		src, err := readRegular(l.fsys, name)
		if err != nil {
			l.report(nil, wholeFile(name), diag.Diagnostic{
				Code: "unreadable", Summary: "A file cannot be read",
				Detail: fmt.Sprintf("Reading %q failed: %s.", name, cause(err)),
				Hint:   "Check that the file lies inside the plan directory and that you may read it.",
			})
			continue
		}
		l.fromVarFile(name, src)
	}
}

// fromVarFile takes values from a file. Its text is no source for snippets, since
// it may hold secrets.
func (l *loader) fromVarFile(name string, src []byte) {
	if len(src) > MaxFileSize {
		l.fileTooLarge(name)
		return
	}
	body, ok := l.parse(name, src, l.discreet)
	if !ok {
		return
	}
	attrs, diags := body.JustAttributes()
	l.fromHCL(nil, l.discreet(diags))
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		attr := attrs[key]
		v := l.vars[key]
		if v == nil {
			l.undeclared(diag.Warning, key, path.Base(name), attr.NameRange)
			continue
		}
		val, diags := compile.Const(attr.Expr, &compile.Scope{})
		v.given = &given{value: val, from: path.Base(name), rng: attr.NameRange}
		if diags.HasErrors() {
			v.given.value = cty.DynamicVal
		}
		if diags.HasErrors() && v.secret() {
			l.badValue(v, attr.NameRange, "it cannot be read as an expression; perhaps a text lacks its quotes")
			continue
		}
		l.fromHCL(v.node, diags)
	}
}

// asFound tells mistakes as they are, and discreet those of a file with variables
// without what it says of the text, if that may be a secret.
func asFound(list hcl.Diagnostics) hcl.Diagnostics { return list }

func (l *loader) discreet(list hcl.Diagnostics) hcl.Diagnostics {
	for _, v := range l.vars {
		if v.secret() {
			return untold(list)
		}
	}
	return list
}

func untold(list hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range list {
		d.Detail = "What stands here may be a secret, and is not shown."
	}
	return list
}

func (l *loader) fromFlags() {
	for _, flag := range l.opts.Vars {
		name, text, ok := strings.Cut(flag, "=")
		name = strings.TrimSpace(name)
		switch v := l.vars[name]; {
		case !ok:
			l.report(nil, hcl.Range{}, diag.Diagnostic{
				Code: "bad-variable", Summary: "Not a variable's value",
				Detail: fmt.Sprintf("-var has %q, which has no equals sign.", flag),
				Hint:   "Write -var=NAME=VALUE.",
			})
		case v == nil:
			l.undeclared(diag.Error, name, "-var", hcl.Range{})
		default:
			v.given = &given{text: text, from: "-var"}
		}
	}
}

// undeclared is an error where somebody names one variable on the command line,
// and a warning in a file, which may serve several plans.
func (l *loader) undeclared(severity diag.Severity, name, from string, rng hcl.Range) {
	hint := didYouMean(name, slices.Sorted(maps.Keys(l.vars)))
	if hint == "" {
		hint = fmt.Sprintf("Declare it: variable %q {}.", name)
	}
	l.report(nil, rng, diag.Diagnostic{
		Severity: severity, Code: "unknown-variable", Summary: "A value for an unknown variable",
		Detail: fmt.Sprintf("%s gives a value to %q, and the plan has no such variable.", capital(from), name),
		Hint:   hint,
	})
}

func capital(s string) string {
	if rest, ok := strings.CutPrefix(s, "the "); ok {
		return "The " + rest
	}
	return s
}

// settle chooses the value and converts it to the variable's type.
func (l *loader) settle(v *variable) cty.Value {
	switch {
	case v.given != nil && v.given.value != cty.NilVal:
		return l.fitVariable(v, v.given.value, v.given.rng)
	case v.given != nil:
		val, ok := l.parseGiven(v)
		if !ok {
			return cty.DynamicVal
		}
		return l.fitVariable(v, val, v.node.nameAt())
	case v.node.written("default"):
		val, ok := l.constant(v.node, v.node.attrs["default"].Expr)
		if !ok {
			return cty.DynamicVal
		}
		return l.fitVariable(v, val, v.node.at("default"))
	}
	name := v.node.name()
	l.report(v.node, v.node.nameAt(), diag.Diagnostic{
		Code: "no-value", Summary: "A variable without a value",
		Detail: fmt.Sprintf("The variable %q has no default, and nobody gives it a value.", name),
		Hint: fmt.Sprintf("Pass -var=%s=…, name a file with -var-file=FILE, write %s = … into a file *%s beside the plan, or set %s%s in the environment.",
			name, name, autoVarEnding, envPrefix, name),
	})
	return cty.DynamicVal
}

// parseGiven reads a text from outside: as it is for a text, as an expression
// for everything else.
func (l *loader) parseGiven(v *variable) (cty.Value, bool) {
	if v.ty == cty.String || v.ty == cty.DynamicPseudoType {
		return cty.StringVal(v.given.text), true
	}
	src := []byte(v.given.text)
	if compile.Crowded(src) {
		l.badValue(v, v.node.nameAt(), "it is too large")
		return cty.DynamicVal, false
	}
	tokens, _ := hclsyntax.LexExpression(src, v.given.from, firstPos())
	if _, bad := scanTokens(tokens); bad {
		l.badValue(v, v.node.nameAt(), "it is nested too deeply")
		return cty.DynamicVal, false
	}
	e, diags := hclsyntax.ParseExpression(src, v.given.from, firstPos())
	if !diags.HasErrors() {
		var val cty.Value
		if val, diags = compile.Const(e, &compile.Scope{}); !diags.HasErrors() {
			return val, true
		}
	}
	l.badValue(v, v.node.nameAt(), "it cannot be read as an expression")
	return cty.DynamicVal, false
}

func (l *loader) fitVariable(v *variable, val cty.Value, rng hcl.Range) cty.Value {
	if !val.IsWhollyKnown() {
		return cty.DynamicVal
	}
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	out, err := convert.Convert(val, v.ty)
	if err != nil {
		l.badValue(v, rng, err.Error())
		return cty.DynamicVal
	}
	return out
}

// badValue reports a value that does not fit. The value itself is not shown: it
// may be a secret.
func (l *loader) badValue(v *variable, rng hcl.Range, why string) {
	from := "its default"
	if v.given != nil {
		from = v.given.from
	}
	l.report(v.node, rng, diag.Diagnostic{
		Code: "wrong-type", Summary: "Wrong type",
		Detail: fmt.Sprintf("The variable %q is a %s, and the value from %s does not fit: %s.", v.node.name(), typeexpr.TypeString(v.ty), from, why),
		Hint:   fmt.Sprintf("Give a value of the type %s. Texts in lists and maps are written in quotes.", typeexpr.TypeString(v.ty)),
	})
}

// keep notes the value in the configuration.
func (l *loader) keep(v *variable) {
	out := &schema.Variable{Name: v.node.name(), Set: v.given != nil, Sensitive: v.sensitive, Ephemeral: v.ephemeral}
	l.cfg.Variables = append(l.cfg.Variables, out)
	if !v.value.IsWhollyKnown() {
		l.valuesUnknown = true
		return
	}
	if v.secret() {
		l.cfg.Secrets = append(l.cfg.Secrets, secretTexts(v.value)...)
	}
	text, err := ctyjson.Marshal(v.value, v.value.Type())
	if err != nil {
		l.badValue(v, v.node.nameAt(), err.Error())
		return
	}
	v.json = text
	if !v.secret() {
		out.Value = string(text)
	}
}

// validateVariables evaluates the conditions that variables must fulfil. It
// comes after locals, which the conditions may use.
func (l *loader) validateVariables() {
	for _, n := range l.root.each("variable") {
		for _, c := range n.each("validation") {
			if ok, message := l.condition(c); !ok {
				l.report(n, c.at("condition"), diag.Diagnostic{
					Code: "invalid-variable", Summary: "A variable's value is not allowed",
					Detail: message, Hint: fmt.Sprintf("Give another value for var.%s.", n.name()),
				})
			}
		}
	}
}

// condition evaluates a block with condition and error_message. It reports true
// as well when the condition itself has a mistake, which it then reports.
func (l *loader) condition(n *node) (bool, string) {
	cond, message := n.attrs["condition"], n.attrs["error_message"]
	if cond == nil || message == nil {
		return true, ""
	}
	v, ok := l.constant(n, cond.Expr)
	m, okMessage := l.constant(n, message.Expr)
	if !ok || !okMessage {
		return true, ""
	}
	holds, err := convert.Convert(v, cty.Bool)
	if err != nil || holds.IsNull() {
		l.wrongCondition(n, "condition", "true or false", v)
		return true, ""
	}
	text, ok := textOf(m)
	if !ok {
		l.wrongCondition(n, "error_message", "a text", m)
		return true, ""
	}
	return holds.True(), text
}

func (l *loader) wrongCondition(n *node, name, want string, v cty.Value) {
	l.report(n, n.at(name), diag.Diagnostic{
		Code: "wrong-type", Summary: "Wrong type",
		Detail: fmt.Sprintf("The attribute %q must be %s, and this is %s.", name, want, friendly(v)),
		Hint:   "Write an expression such as var.days >= 7, and a message in full sentences.",
	})
}
