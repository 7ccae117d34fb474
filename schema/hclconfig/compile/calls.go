package compile

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// call resolves a call of a function.
func (r *resolver) call(e *hclsyntax.FunctionCallExpr) (hclsyntax.Expression, level) {
	r.checkFunction(e)
	if e.Name == "try" || e.Name == "can" {
		r.trying++
		defer func() { r.trying-- }()
	}
	c := *e
	c.Args = make([]hclsyntax.Expression, len(e.Args))
	var at, first level
	for i, arg := range e.Args {
		x, l := r.resolve(arg)
		c.Args[i], at = x, at|l
		if i == 0 {
			first = l
		}
	}
	if e.Name == offsetName {
		at |= perBatch
		r.scope.named(rootT)
	}
	r.checkFile(&c, first)
	r.checkArguments(&c)
	if r.known(e.Name) {
		prices := make([]price, len(c.Args))
		for i := range prices {
			prices[i] = r.priceOf(e.Name, c.Args, i)
		}
		for i, p := range prices {
			c.Args[i] = r.charge(c.Args[i], p)
		}
	}
	return &c, at
}

func (r *resolver) checkFunction(e *hclsyntax.FunctionCallExpr) {
	switch {
	case !r.known(e.Name):
		detail, hint := r.unknownFunction(e.Name)
		r.report(e.NameRange, codeUnknownFunction, "Unknown function", detail+hint)
	case e.Name != offsetName:
	case r.scope.Deny[rootT]:
		r.report(e.NameRange, codeNotAllowed, "A name is not known here",
			`offset() is counted from T, which has no value at the time at which this is evaluated.`)
	case r.constant:
		r.report(e.NameRange, codeNotConstant, "A value that differs from tenant to tenant",
			"offset() is counted from T, which differs from tenant to tenant, but this is evaluated once, while the plan is read.")
	}
}

func (r *resolver) known(name string) bool {
	_, ok := r.scope.Functions[name]
	return ok
}

// unknownFunction says why a function that Terraform has is missing, if it does
// on purpose.
func (r *resolver) unknownFunction(name string) (detail, hint string) {
	switch name {
	case "timestamp", "plantimestamp", "now":
		return noClock(name + "()"), ""
	case "uuid", "bcrypt":
		return fmt.Sprintf("There is no %s(): its value would be another one in every run.", name), ""
	case "abspath", "pathexpand", "fileset", "env":
		return fmt.Sprintf("There is no %s(): a plan reads nothing but single files of its own directory.", name), ""
	default:
		return fmt.Sprintf("There is no function %q.", name), suggestion(name, r.scope.functionNames(), "There are")
	}
}

// checkFile makes sure that every file that an expression can read is read while
// the plan is: it is then one of the inputs that the plan's digest covers, and
// applying reads nothing that planning did not.
func (r *resolver) checkFile(c *hclsyntax.FunctionCallExpr, at level) {
	if !slices.Contains(fileFunctions(), c.Name) || len(c.Args) == 0 {
		return
	}
	switch lit, ok := c.Args[0].(*hclsyntax.LiteralValueExpr); {
	case ok:
		r.seen.file(lit.Val)
		if read, ok := r.scope.Functions["fileexists"]; ok {
			// Only for what it reads: if the path is wrong, the call itself says so.
			_, _ = read.Call([]cty.Value{lit.Val})
		}
	case at&(perBatch|perTenant) != 0:
		r.reportPath(c.Args[0].Range())
	case at != 0:
		r.paths = append(r.paths, c.Args[0].Range())
	}
}

// settlePaths deals with the paths that a loop has named: if nothing in the loop
// depends on a tenant, then its files have been read.
func (r *resolver) settlePaths(before int, at level) {
	switch {
	case at == 0:
		r.paths = r.paths[:before]
	case r.loops == 0:
		for _, rng := range r.paths {
			r.reportPath(rng)
		}
		r.paths = nil
	}
}

func (r *resolver) reportPath(rng hcl.Range) {
	r.report(rng, codeNotConstant, "A path that is not known",
		"Files are read once, while the plan is read, so their paths cannot differ from tenant to tenant. "+
			"Read all of them in a local, and choose one for each tenant.")
}

// checkArguments finds mistakes in literal arguments of calls whose other
// arguments are only known for a tenant.
func (r *resolver) checkArguments(c *hclsyntax.FunctionCallExpr) {
	i, check := literalCheck(c.Name)
	if check == nil || r.trying > 0 || i >= len(c.Args) {
		return
	}
	lit, ok := c.Args[i].(*hclsyntax.LiteralValueExpr)
	if !ok || lit.Val.IsMarked() || lit.Val.Type() != cty.String || lit.Val.IsNull() {
		return
	}
	if err := check(lit.Val.AsString()); err != nil {
		r.report(lit.SrcRange, codeInvalidValue, "Invalid argument", sentence(err.Error()))
	}
}

// literalCheck is what an argument of a function must fulfil by itself.
func literalCheck(name string) (argument int, check func(string) error) {
	switch name {
	case offsetName:
		return 0, func(s string) error { _, err := parseOffset(s); return err }
	case "formatdate":
		return 0, func(s string) error {
			_, err := stdlib.FormatDate(cty.StringVal(s), cty.StringVal("2000-01-01T00:00:00Z"))
			return err
		}
	case "timeadd":
		return 1, func(s string) error { _, err := time.ParseDuration(s); return err }
	case "inzone":
		return 1, func(s string) error { _, err := loadZone(s); return err }
	default:
		return 0, nil
	}
}
