package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/diag"
)

// The codes of diagnostics; they stand in their Extra.
const (
	codeUnknownAttribute = "unknown-attribute"
	codeUnknownReference = "unknown-reference"
	codeUnknownFunction  = "unknown-function"
	codeWrongType        = "wrong-type"
	codeNotSupported     = "not-supported-yet"
	codeNotAllowed       = "not-allowed-here"
	codeNotConstant      = "not-constant"
	codeInvalidValue     = "invalid-value"
	codeTooLarge         = "too-large"
	codeTooDeep          = "too-deep"
	codeSyntax           = "syntax"

	// CodeOverspent is that of the evaluation with which [Scope.Spent] is used up;
	// how to say that is left to who knows what is evaluated.
	CodeOverspent = "overspent"
	// CodeNotEvaluated is that of every evaluation after it: none is begun.
	CodeNotEvaluated = "not-evaluated"
)

func problem(rng hcl.Range, code, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &rng, Extra: code}
}

func (r *resolver) report(rng hcl.Range, code, summary, detail string) {
	r.diags = append(r.diags, problem(rng, code, summary, detail))
}

// traversal resolves a name such as tenant.seats or var.regions[0].
func (r *resolver) traversal(e *hclsyntax.ScopeTraversalExpr) (hclsyntax.Expression, level) {
	root := e.Traversal.RootName()
	if at, ok := r.locals[root]; ok {
		return e, at
	}
	if r.scope.Deny[root] {
		r.report(e.SrcRange, codeNotAllowed, "A name is not known here",
			fmt.Sprintf("%q has no value at the time at which this is evaluated.", root))
		return e, 0
	}
	if events := eventsOf(root); events != nil && !r.scope.Allow[root] {
		r.eventName(e, root, events)
		return e, 0
	}
	if root == rootResult && !r.scope.Allow[root] {
		r.resultName(e)
		return e, 0
	}
	src := r.scope.source(root)
	switch {
	case src == nil:
		r.constantName(e, root)
		return e, 0
	case r.constant:
		r.report(e.SrcRange, codeNotConstant, "A value that differs from tenant to tenant",
			fmt.Sprintf("%q differs from tenant to tenant, but this is evaluated once, while the plan is read. Only var, local, literals and functions of them are known then.", root))
		return e, 0
	}
	r.scope.named(root)
	return r.reference(e, root, src)
}

// reference follows a name as far as sources go; hcl follows the rest.
func (r *resolver) reference(e *hclsyntax.ScopeTraversalExpr, name string, src source) (hclsyntax.Expression, level) {
	steps := e.Traversal[1:]
	for len(steps) > 0 {
		obj, ok := src.(objectSource)
		if !ok {
			break
		}
		step, ok := attributeName(steps[0])
		if !ok {
			break
		}
		attr, ok := obj.attrs[step]
		if !ok {
			r.unknownAttribute(e.SrcRange, name, step, obj)
			return e, 0
		}
		name, src, steps = name+"."+step, attr, steps[1:]
	}
	r.seen.name(name)
	ref := &reference{Expression: e, source: src, name: name}
	if len(steps) == 0 {
		return ref, src.level()
	}
	return &hclsyntax.RelativeTraversalExpr{Source: ref, Traversal: steps, SrcRange: e.SrcRange}, src.level()
}

// attributeName is the name that a step asks for: x of tenant.x and tenant["x"].
func attributeName(step hcl.Traverser) (string, bool) {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

func (r *resolver) unknownAttribute(rng hcl.Range, of, name string, obj objectSource) {
	names := slices.Sorted(maps.Keys(obj.attrs))
	detail := fmt.Sprintf("%s has no attribute %q.", of, name)
	if of == rootTenant {
		detail = fmt.Sprintf("Tenants have no attribute %q: it is no column of an inventory, and no tenant block has it.", name)
	}
	r.report(rng, codeUnknownAttribute, "Unknown attribute", detail+suggestion(name, names, "The attributes are"))
}

// suggestion ends a detail: with the name that was likely meant, or else with
// all names if they are few.
func suggestion(name string, names []string, list string) string {
	const few = 12
	if s := diag.Suggest(name, names); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	if len(names) == 0 || len(names) > few {
		return ""
	}
	return " " + list + " " + strings.Join(names, ", ") + "."
}

// constantName checks a name whose value is known while the plan is read.
func (r *resolver) constantName(e *hclsyntax.ScopeTraversalExpr, root string) {
	v, ok := r.scope.Consts[root]
	if !ok {
		r.unknownRoot(e, root)
		return
	}
	v, _ = v.Unmark()
	if len(e.Traversal) < 2 || !v.Type().IsObjectType() {
		return
	}
	name, ok := attributeName(e.Traversal[1])
	if !ok || v.Type().HasAttribute(name) {
		return
	}
	what, block := "variable", fmt.Sprintf("variable %q", name)
	if root == "local" {
		what, block = "local", "locals"
	}
	names := slices.Sorted(maps.Keys(v.Type().AttributeTypes()))
	r.report(e.SrcRange, codeUnknownReference, "Unknown "+what,
		fmt.Sprintf("There is no %s %q; a block %s would declare it.", what, name, block)+
			suggestion(name, names, "There are"))
}

func (r *resolver) unknownRoot(e *hclsyntax.ScopeTraversalExpr, root string) {
	switch root {
	case "work":
		r.report(e.SrcRange, codeNotSupported, "Not supported yet",
			fmt.Sprintf("%q belongs to the language, but this version does not evaluate it yet.", root))
	case "now":
		r.report(e.SrcRange, codeUnknownReference, "Unknown name", noClock("now"))
	default:
		r.report(e.SrcRange, codeUnknownReference, "Unknown name",
			fmt.Sprintf("There is no %q.", root)+r.suggestRoot(root))
	}
}

// suggestRoot also sees when "tenant." was forgotten.
func (r *resolver) suggestRoot(root string) string {
	if _, ok := r.scope.tenant().attrs[root]; ok && !r.scope.Deny[rootTenant] && !r.constant {
		return fmt.Sprintf(" Did you mean %q?", rootTenant+"."+root)
	}
	return suggestion(root, r.scope.roots(), "An expression begins with a literal, a function, or one of")
}

func noClock(name string) string {
	return fmt.Sprintf("There is no %s: the time at which a plan is computed is an input of the planner, never of the language, so that the same plan always means the same. "+
		`Write instants relative to the cutover, as offset("T-14d").`, name)
}
