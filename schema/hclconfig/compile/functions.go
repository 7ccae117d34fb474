package compile

import (
	"io/fs"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Functions are the functions of the language: the pure ones of Terraform by the
// same names, offset and inzone. None has an effect, and those that read files
// read regular files in fsys only, once each. read is told of each file that was
// opened; it may be called from several goroutines at once, and may be nil.
//
// The functions may be called concurrently.
func Functions(fsys fs.FS, read func(path string, content []byte)) map[string]function.Function {
	table := make(map[string]function.Function)
	for _, part := range []map[string]function.Function{
		numberFunctions(), textFunctions(), collectionFunctions(),
		encodingFunctions(), timeFunctions(), conversionFunctions(),
	} {
		for name, f := range part {
			table[name] = f
		}
	}
	addFileFunctions(table, newFiles(fsys, read))
	return table
}

func numberFunctions() map[string]function.Function {
	return map[string]function.Function{
		"abs":      guarded(stdlib.AbsoluteFunc),
		"ceil":     guarded(stdlib.CeilFunc),
		"floor":    guarded(stdlib.FloorFunc),
		"log":      guarded(stdlib.LogFunc),
		"max":      guarded(stdlib.MaxFunc),
		"min":      guarded(stdlib.MinFunc),
		"parseint": guarded(stdlib.ParseIntFunc, digitsFit),
		"pow":      guarded(stdlib.PowFunc),
		"signum":   guarded(stdlib.SignumFunc),
		"sum":      guarded(sumFunc()),
	}
}

func textFunctions() map[string]function.Function {
	return map[string]function.Function{
		"basename":    guarded(basenameFunc()),
		"chomp":       guarded(stdlib.ChompFunc),
		"dirname":     guarded(dirnameFunc()),
		"endswith":    guarded(endsWithFunc()),
		"format":      guarded(stdlib.FormatFunc, formatFits),
		"formatlist":  guarded(stdlib.FormatListFunc, formatListFits),
		"indent":      guarded(stdlib.IndentFunc, indentFits),
		"join":        guarded(stdlib.JoinFunc, joinFits),
		"lower":       guarded(stdlib.LowerFunc),
		"regex":       guarded(stdlib.RegexFunc, patternFits),
		"regexall":    guarded(stdlib.RegexAllFunc, patternFits),
		"replace":     guarded(replaceFunc(), replaceFits),
		"split":       guarded(stdlib.SplitFunc, splitFits),
		"startswith":  guarded(startsWithFunc()),
		"strcontains": guarded(strContainsFunc()),
		"strrev":      guarded(stdlib.ReverseFunc),
		"substr":      guarded(stdlib.SubstrFunc),
		"title":       guarded(stdlib.TitleFunc),
		"trim":        guarded(stdlib.TrimFunc),
		"trimprefix":  guarded(stdlib.TrimPrefixFunc),
		"trimspace":   guarded(stdlib.TrimSpaceFunc),
		"trimsuffix":  guarded(stdlib.TrimSuffixFunc),
		"upper":       guarded(stdlib.UpperFunc),
	}
}

func collectionFunctions() map[string]function.Function {
	return map[string]function.Function{
		"alltrue":         guarded(allTrueFunc()),
		"anytrue":         guarded(anyTrueFunc()),
		"chunklist":       guarded(stdlib.ChunklistFunc),
		"coalesce":        guarded(coalesceFunc()),
		"coalescelist":    guarded(stdlib.CoalesceListFunc),
		"compact":         guarded(stdlib.CompactFunc),
		"concat":          guarded(stdlib.ConcatFunc),
		"contains":        guarded(stdlib.ContainsFunc),
		"distinct":        guarded(stdlib.DistinctFunc, searchFits),
		"element":         guarded(stdlib.ElementFunc),
		"flatten":         guarded(stdlib.FlattenFunc, flattenFits),
		"index":           guarded(indexFunc()),
		"keys":            guarded(stdlib.KeysFunc),
		"length":          guarded(lengthFunc()),
		"lookup":          guarded(lookupFunc()),
		"matchkeys":       guarded(matchKeysFunc(), searchFits),
		"merge":           guarded(stdlib.MergeFunc),
		"one":             guarded(oneFunc()),
		"range":           guarded(stdlib.RangeFunc),
		"reverse":         guarded(stdlib.ReverseListFunc),
		"setintersection": guarded(stdlib.SetIntersectionFunc),
		"setproduct":      guarded(stdlib.SetProductFunc, productFits),
		"setsubtract":     guarded(stdlib.SetSubtractFunc),
		"setunion":        guarded(stdlib.SetUnionFunc),
		"slice":           guarded(stdlib.SliceFunc),
		"sort":            guarded(stdlib.SortFunc),
		"transpose":       guarded(transposeFunc()),
		"values":          guarded(stdlib.ValuesFunc),
		"zipmap":          guarded(stdlib.ZipmapFunc),
	}
}

func encodingFunctions() map[string]function.Function {
	return map[string]function.Function{
		"base64decode": guarded(base64DecodeFunc()),
		"base64encode": guarded(base64EncodeFunc()),
		"base64sha256": guarded(base64SHA256Func()),
		"csvdecode":    guarded(stdlib.CSVDecodeFunc, rowsFit),
		"jsondecode":   guarded(stdlib.JSONDecodeFunc, jsonDecodes),
		"jsonencode":   guarded(stdlib.JSONEncodeFunc, jsonFits),
		"md5":          guarded(md5Func()),
		"sha1":         guarded(sha1Func()),
		"sha256":       guarded(sha256Func()),
		"sha512":       guarded(sha512Func()),
		"urlencode":    guarded(urlEncodeFunc()),
	}
}

func timeFunctions() map[string]function.Function {
	return map[string]function.Function{
		"formatdate": guarded(stdlib.FormatDateFunc),
		"inzone":     guarded(inZoneFunc()),
		offsetName:   offsetFunc(nil),
		"timeadd":    guarded(stdlib.TimeAddFunc),
		"timecmp":    guarded(timeCmpFunc()),
	}
}

func conversionFunctions() map[string]function.Function {
	return map[string]function.Function{
		"can":          tryfunc.CanFunc,
		"nonsensitive": nonsensitiveFunc(),
		"sensitive":    sensitiveFunc(),
		"tobool":       guarded(stdlib.MakeToFunc(cty.Bool)),
		"tolist":       guarded(stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), unifyFits),
		"tomap":        guarded(stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), unifyFits),
		"tonumber":     guarded(stdlib.MakeToFunc(cty.Number), digitsFit),
		"toset":        guarded(stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), unifyFits),
		"tostring":     guarded(stdlib.MakeToFunc(cty.String)),
		"try":          tryfunc.TryFunc,
	}
}
