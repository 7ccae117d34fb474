package compile

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
)

// rootResult is what a poll or a probe was told. Only their conditions, and the
// progress of a poll, may name it.
const rootResult = "result"

// ResultNames are the roots that an expression about the answer to a poll or a
// probe may name beside those of every expression, for [Scope.Allow].
func ResultNames() map[string]bool { return map[string]bool{rootResult: true} }

// resultSource is one part of the answer; null if the answer has no such part.
type resultSource struct {
	read func(*schema.Result) (cty.Value, error)
	typ  cty.Type
}

func (s resultSource) value(env *schema.Env) (cty.Value, error) {
	if env.Result == nil {
		return cty.NullVal(s.typ), nil
	}
	return s.read(env.Result)
}

func (s resultSource) unknown() cty.Value { return cty.UnknownVal(s.typ) }

func (resultSource) level() level { return perTenant }

// answer is the answer with all its parts.
func answer() objectSource {
	command := func(t cty.Type, of func(*schema.Result) cty.Value) source { return partOf(true, t, of) }
	server := func(t cty.Type, of func(*schema.Result) cty.Value) source { return partOf(false, t, of) }
	return objectSource{at: perTenant, attrs: map[string]source{
		"exit_code": command(cty.Number, func(r *schema.Result) cty.Value { return cty.NumberIntVal(int64(r.ExitCode)) }),
		"stdout":    command(cty.String, func(r *schema.Result) cty.Value { return cty.StringVal(r.Stdout) }),
		"stderr":    command(cty.String, func(r *schema.Result) cty.Value { return cty.StringVal(r.Stderr) }),
		"status":    server(cty.Number, func(r *schema.Result) cty.Value { return cty.NumberIntVal(int64(r.Status)) }),
		"headers":   server(cty.Map(cty.String), headers),
		"body":      server(cty.String, func(r *schema.Result) cty.Value { return cty.StringVal(r.Body) }),
		"json": resultSource{typ: cty.DynamicPseudoType, read: func(r *schema.Result) (cty.Value, error) {
			return fromJSON(r.Text())
		}},
	}}
}

// partOf is a part that only commands have, or only servers.
func partOf(ofCommand bool, t cty.Type, of func(*schema.Result) cty.Value) source {
	return resultSource{typ: t, read: func(r *schema.Result) (cty.Value, error) {
		if r.Command != ofCommand {
			return cty.NullVal(t), nil
		}
		return of(r), nil
	}}
}

func headers(r *schema.Result) cty.Value {
	if len(r.Headers) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	vals := make(map[string]cty.Value, len(r.Headers))
	for name, value := range r.Headers {
		vals[name] = cty.StringVal(value)
	}
	return cty.MapVal(vals)
}

// fromJSON is a text as JSON; null if it is none. An error is one sentence: it is
// JSON, and more than an expression may work on.
func fromJSON(text string) (cty.Value, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	if _, err := d.Token(); err != io.EOF {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	return jsonValue(v, 0)
}

func jsonValue(v any, depth int) (cty.Value, error) {
	if depth > maxDepth {
		return cty.NilVal, fmt.Errorf("the JSON is nested more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case string:
		return cty.StringVal(v), nil
	case bool:
		return cty.BoolVal(v), nil
	case json.Number:
		return jsonNumber(v)
	case []any:
		return jsonList(v, depth)
	case map[string]any:
		return jsonObject(v, depth)
	default:
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
}

func jsonNumber(n json.Number) (cty.Value, error) {
	f, _, err := big.ParseFloat(n.String(), 10, precision, big.ToNearestEven)
	if err != nil || f.IsInf() || !bounded(f) {
		return cty.NilVal, errNumber
	}
	return cty.NumberVal(f), nil
}

func jsonList(list []any, depth int) (cty.Value, error) {
	if len(list) > maxElements {
		return cty.NilVal, fmt.Errorf("a list in the JSON has more than %d elements", maxElements)
	}
	vals := make([]cty.Value, len(list))
	for i, e := range list {
		var err error
		if vals[i], err = jsonValue(e, depth+1); err != nil {
			return cty.NilVal, err
		}
	}
	return cty.TupleVal(vals), nil
}

func jsonObject(object map[string]any, depth int) (cty.Value, error) {
	vals := make(map[string]cty.Value, len(object))
	for name, e := range object {
		v, err := jsonValue(e, depth+1)
		if err != nil {
			return cty.NilVal, err
		}
		vals[name] = v
	}
	return cty.ObjectVal(vals), nil
}

// resultName reports result in an expression that nobody evaluates with an
// answer at hand.
func (r *resolver) resultName(e *hclsyntax.ScopeTraversalExpr) {
	detail := `"result" has a value only in done, failed and progress of a poll, and in done and not_done of a probe.`
	if _, ok := r.scope.tenant().attrs[rootResult]; ok {
		detail += fmt.Sprintf(" Did you mean %q?", rootTenant+"."+rootResult)
	} else {
		detail += " Write it there, or leave it out here."
	}
	r.report(e.SrcRange, codeNotAllowed, "A name is not known here", detail)
}
