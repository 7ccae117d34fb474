package compile

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// textFunc is a function of texts, by the names of its parameters.
func textFunc(result cty.Type, params []string, f func(args []string) (cty.Value, error)) function.Function {
	list := make([]function.Parameter, len(params))
	for i, name := range params {
		list[i] = function.Parameter{Name: name, Type: cty.String}
	}
	return function.New(&function.Spec{
		Params: list,
		Type:   function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			return f(texts)
		},
	})
}

func test(part string, holds func(s, part string) bool) function.Function {
	return textFunc(cty.Bool, []string{"string", part}, func(args []string) (cty.Value, error) {
		return cty.BoolVal(holds(args[0], args[1])), nil
	})
}

func startsWithFunc() function.Function { return test("prefix", strings.HasPrefix) }

func endsWithFunc() function.Function { return test("suffix", strings.HasSuffix) }

func strContainsFunc() function.Function { return test("substr", strings.Contains) }

func mapping(param string, f func(string) string) function.Function {
	return textFunc(cty.String, []string{param}, func(args []string) (cty.Value, error) {
		return cty.StringVal(f(args[0])), nil
	})
}

func basenameFunc() function.Function { return mapping("path", path.Base) }

func dirnameFunc() function.Function { return mapping("path", path.Dir) }

func urlEncodeFunc() function.Function { return mapping("string", url.QueryEscape) }

func base64EncodeFunc() function.Function {
	return mapping("string", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })
}

func base64DecodeFunc() function.Function {
	return textFunc(cty.String, []string{"string"}, func(args []string) (cty.Value, error) {
		b, err := base64.StdEncoding.DecodeString(args[0])
		switch {
		case err != nil:
			return cty.NilVal, errors.New("this is not base64")
		case !utf8.Valid(b):
			return cty.NilVal, errors.New("what it encodes is not UTF-8")
		default:
			return cty.StringVal(string(b)), nil
		}
	})
}

func md5Func() function.Function {
	return mapping("string", func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) })
}

func sha1Func() function.Function {
	return mapping("string", func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) })
}

func sha256Func() function.Function {
	return mapping("string", func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) })
}

func sha512Func() function.Function {
	return mapping("string", func(s string) string { h := sha512.Sum512([]byte(s)); return hex.EncodeToString(h[:]) })
}

func base64SHA256Func() function.Function {
	return mapping("string", func(s string) string {
		h := sha256.Sum256([]byte(s))
		return base64.StdEncoding.EncodeToString(h[:])
	})
}

// replaceFunc replaces a text, or what a regular expression between slashes
// matches.
func replaceFunc() function.Function {
	return textFunc(cty.String, []string{"string", "substring", "replacement"}, func(args []string) (cty.Value, error) {
		s, replacement := cty.StringVal(args[0]), cty.StringVal(args[2])
		if pattern, ok := patternOf(args[1]); ok {
			return stdlib.RegexReplace(s, cty.StringVal(pattern), replacement)
		}
		return stdlib.Replace(s, cty.StringVal(args[1]), replacement)
	})
}
