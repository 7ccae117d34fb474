package hclconfig

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/diag"
)

// secretArgument warns of a secret in a command's arguments.
func (l *loader) secretArgument(n *node, at hcl.Range) {
	l.report(n, at, diag.Diagnostic{
		Severity: diag.Warning, Code: "secret-in-arguments", Summary: "A secret among a command's arguments",
		Detail: "What stands here is made of a sensitive value, and every process of the machine can read the arguments of the others.",
		Hint:   "Pass it by env = { TOKEN = … }, or write nonsensitive(…) if it tells nothing.",
	})
}

// bareArguments lists the arguments that are tenant.NAME and nothing else, up to
// the one that ends a command's options.
func bareArguments(e hcl.Expression) []int {
	list, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		return nil // what is worked out is the author's business
	}
	var bare []int
	for i, argument := range list {
		if path, diags := hcl.AbsTraversalForExpr(argument); !diags.HasErrors() && i > 0 && path.RootName() == "tenant" {
			bare = append(bare, i)
			continue
		}
		if v, diags := argument.Value(nil); !diags.HasErrors() && v.RawEquals(cty.StringVal("--")) {
			break
		}
	}
	return bare
}
