package compile_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"transition/schema/hclconfig/compile"
)

// Each function of the language with what it gives, as JSON, or the error.
func TestFunctions(t *testing.T) {
	tests := []struct{ src, want string }{
		{`abs(-2.5)`, `2.5`},
		{`ceil(2.1)`, `3`},
		{`floor(-2.1)`, `-3`},
		{`log(8, 2)`, `3`},
		{`max(1, 3, 2)`, `3`},
		{`min(1, 3, 2)`, `1`},
		{`pow(2, 10)`, `1024`},
		{`signum(-3)`, `-1`},
		{`parseint("ff", 16)`, `255`},
		{`sum([1, 2.5, "3"])`, `6.5`},
		{`sum([])`, `error: an empty list has no sum`},
		{`sum(["a"])`, `error: all elements must be numbers`},

		{`basename("a/b.txt")`, `"b.txt"`},
		{`dirname("a/b.txt")`, `"a"`},
		{`chomp("a\n\n")`, `"a"`},
		{`startswith("abc", "ab")`, `true`},
		{`endswith("abc", "ab")`, `false`},
		{`strcontains("abc", "b")`, `true`},
		{`format("%-4s|%03d", "a", 7)`, `"a   |007"`},
		{`formatlist("%s!", ["a", "b"])`, `["a!","b!"]`},
		{`indent(2, "a\nb")`, `"a\n  b"`},
		{`join(", ", ["a", "b"], ["c"])`, `"a, b, c"`},
		{`lower("ÄB")`, `"äb"`},
		{`upper("äb")`, `"ÄB"`},
		{`title("hello world")`, `"Hello World"`},
		{`regex("[a-z]+", "12ab3")`, `"ab"`},
		{`regexall("[0-9]", "1a2")`, `["1","2"]`},
		{`replace("a.b.c", ".", "-")`, `"a-b-c"`},
		{`replace("a1b22", "/[0-9]+/", "($0)")`, `"a(1)b(22)"`},
		{`replace("a/b", "/", "-")`, `"a-b"`},
		{`split(",", "a,b")`, `["a","b"]`},
		{`strrev("abc")`, `"cba"`},
		{`substr("hello", 1, 3)`, `"ell"`},
		{`trim("?!a!?", "!?")`, `"a"`},
		{`trimprefix("ab", "a")`, `"b"`},
		{`trimsuffix("ab", "b")`, `"a"`},
		{`trimspace(" a ")`, `"a"`},

		{`alltrue([true, "true"])`, `true`},
		{`alltrue([true, null])`, `false`},
		{`alltrue([])`, `true`},
		{`anytrue([false, null, true])`, `true`},
		{`anytrue([])`, `false`},
		{`chunklist([1, 2, 3], 2)`, `[[1,2],[3]]`},
		{`coalesce(null, "", "a", "b")`, `"a"`},
		{`coalesce(null, 0, 1)`, `0`},
		{`coalesce(null, "")`, `error: all arguments are null or empty`},
		{`coalescelist([], ["a"])`, `["a"]`},
		{`compact(["a", "", null])`, `["a"]`},
		{`concat(["a"], ["b"])`, `["a","b"]`},
		{`contains(["a"], "a")`, `true`},
		{`distinct(["a", "a", "b"])`, `["a","b"]`},
		{`element(["a", "b"], 3)`, `"b"`},
		{`flatten([["a"], [["b"]]])`, `["a","b"]`},
		{`index(["a", "b"], "b")`, `1`},
		{`index(["a"], "b")`, `error: the list does not contain the value`},
		{`keys({ b = 1, a = 2 })`, `["a","b"]`},
		{`values({ b = 1, a = 2 })`, `[2,1]`},
		{`length("añ\r\n")`, `3`},
		{`length(["a", "b"])`, `2`},
		{`length({ a = 1 })`, `1`},
		{`length(5)`, `error: only a text, a list or a map has a length`},
		{`lookup({ a = "x" }, "a", "y")`, `"x"`},
		{`lookup({ a = "x" }, "b", "y")`, `"y"`},
		{`lookup(tomap({ a = "x" }), "b", "y")`, `"y"`},
		{`lookup({ a = "x" }, "b")`, `error: the map has no such key, and there is no default`},
		{`matchkeys(["a", "b", "c"], [1, 2, 3], [3, "1"])`, `["a","c"]`},
		{`merge({ a = 1 }, { a = 2, b = 3 })`, `{"a":2,"b":3}`},
		{`one(["a"])`, `"a"`},
		{`one([])`, `null`},
		{`one(["a", "b"])`, `error: must be a list of no or one element`},
		{`range(3)`, `[0,1,2]`},
		{`reverse(["a", "b"])`, `["b","a"]`},
		{`setintersection(["a", "b"], ["b"])`, `["b"]`},
		{`setproduct(["a", "b"], [1, 2])`, `[["a",1],["a",2],["b",1],["b",2]]`},
		{`setsubtract(["a", "b"], ["b"])`, `["a"]`},
		{`setunion(["a"], ["b"])`, `["a","b"]`},
		{`slice(["a", "b", "c"], 1, 2)`, `["b"]`},
		{`sort(["b", "a"])`, `["a","b"]`},
		{`transpose({ a = ["1", "2"], b = ["2"] })`, `{"1":["a"],"2":["a","b"]}`},
		{`zipmap(["a", "b"], [1, 2])`, `{"a":1,"b":2}`},

		{`base64encode("añ")`, `"YcOx"`},
		{`base64decode("YcOx")`, `"añ"`},
		{`base64decode("//79")`, `error: what it encodes is not UTF-8`},
		{`base64decode("?")`, `error: this is not base64`},
		{`base64sha256("a")`, `"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="`},
		{`md5("a")`, `"0cc175b9c0f1b6a831c399e269772661"`},
		{`sha1("a")`, `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`},
		{`sha256("a")`, `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`},
		{`sha512("a")`, `"1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75"`},
		{`urlencode("a b&ñ")`, `"a+b%26%C3%B1"`},
		{`csvdecode("a,b\n1,2\n")`, `[{"a":"1","b":"2"}]`},
		{`jsondecode("{\"a\":[1]}")`, `{"a":[1]}`},
		{`jsonencode({ a = [1, null] })`, `"{\"a\":[1,null]}"`},

		{`formatdate("EEE D MMM YYYY hh:mm ZZZ", "2012-03-09T18:00:00-08:00")`, `"Fri 9 Mar 2012 18:00 -0800"`},
		{`timeadd("2012-03-09T18:00:00Z", "-36h")`, `"2012-03-08T06:00:00Z"`},
		{`timecmp("2012-03-09T18:00:00-08:00", "2012-03-10T02:00:00Z")`, `0`},
		{`timecmp("2012-03-09", "2012-03-10T02:00:00Z")`, `error: "2012-03-09" is not an instant`},
		{`inzone("2012-03-10T02:00:00Z", "America/Los_Angeles")`, `"2012-03-09T18:00:00-08:00"`},

		{`tobool("true")`, `true`},
		{`tonumber("5")`, `5`},
		{`tonumber("x")`, `error: cannot convert "x" to number`},
		{`tostring(1.50)`, `"1.5"`},
		{`tolist(toset(["b", "a", "b"]))`, `["a","b"]`},
		{`tomap({ a = "x" })`, `{"a":"x"}`},
		{`try(var.empty[0], "none")`, `"none"`},
		{`can(var.empty[0])`, `false`},
		{`nonsensitive(sensitive("a"))`, `"a"`},

		{`chomp(file("mail/terms.txt"))`, `"The terms."`},
		{`file("./mail/../mail/terms.txt")`, `error: leads out of a directory`},
		{`file("mail/binary")`, `error: is not UTF-8; filebase64 reads other files`},
		{`filebase64("mail/binary")`, `"//4="`},
		{`fileexists("mail/terms.txt")`, `true`},
		{`fileexists("mail/nothing")`, `false`},
		{`fileexists("mail")`, `error: "mail" is not a regular file`},
		{`file("/etc/passwd")`, `error: "/etc/passwd" is not relative to the plan's directory`},
		{`file("C:\\secret")`, `error: is not relative to the plan's directory`},
		{`file("../secret")`, `error: a plan reads nothing outside its own`},
		{`file("mail\\terms.txt")`, `error: directories are separated by /`},
		{`file("")`, `error: the path is empty`},
		{`templatefile("mail/hello.tmpl", { name = "Ann", vip = false })`, `"Hello Ann!"`},
		{`templatefile("mail/hello.tmpl", { name = "Ann" })`, `error: the template names "vip", which is not among its variables`},
		{`templatefile("mail/hello.tmpl", { name = [], vip = true })`, `error: mail/hello.tmpl, line 1:`},
		{`templatefile("mail/broken.tmpl", { name = "Ann" })`, `error: mail/broken.tmpl, line 1:`},
		{`templatefile("mail/self.tmpl", {})`, `error: There is no function "templatefile"`},
		{`templatefile("mail/offset.tmpl", {})`, `error: offset() is counted from T`},
		{`templatefile("mail/hello.tmpl", "Ann")`, `error: must be an object with the template's variables`},
	}
	covered := make(map[string]bool)
	for _, tt := range tests {
		name, _, _ := strings.Cut(tt.src, "(")
		covered[name] = true
		t.Run(tt.src, func(t *testing.T) {
			v, diags := compile.Const(parse(t, tt.src), scope())
			if want, ok := strings.CutPrefix(tt.want, "error: "); ok {
				if !diags.HasErrors() || !strings.Contains(diags[0].Detail, want) {
					t.Errorf("got %#v, %v", v, diags)
				}
				return
			}
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			got, err := ctyjson.Marshal(v, v.Type())
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
	covered["offset"], covered["sensitive"], covered["toset"] = true, true, true
	for name := range compile.Functions(planFiles(), nil) {
		if !covered[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

func TestSensitive_IsMarked(t *testing.T) {
	v, diags := compile.Const(parse(t, `"x${var.secret}"`), scope())
	if diags.HasErrors() || !v.HasMark(compile.Sensitive) {
		t.Errorf("got %#v, %v", v, diags)
	}
}

// Files are read while the plan is, each once, whoever may need them.
func TestFunctions_TellWhatTheyRead(t *testing.T) {
	var read []string
	s := scope()
	s.Functions = compile.Functions(planFiles(), func(path string, content []byte) {
		read = append(read, path+": "+string(content))
	})
	x, diags := compile.Text(parse(t, `tenant.vip ? file("mail/nested/a.txt") : join("", [for n in split(" ", tenant.name) : file("./mail/terms.txt")])`), s)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	slices.Sort(read)
	if diff := cmp.Diff([]string{"mail/nested/a.txt: a", "mail/terms.txt: The terms.\n"}, read); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		if got, err := x.For(env()); err != nil || got != "The terms.\n" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if len(read) != 2 {
		t.Errorf("read again: %q", read)
	}
}

// failing is a file system on which nothing can be read.
type failing struct{ fstest.MapFS }

func (f failing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: "/srv/secret/" + name, Err: errors.New("input/output error")}
}

func (f failing) Stat(name string) (fs.FileInfo, error) { return f.MapFS.Stat(name) }

func TestFile_ErrorsShowNoPathOfTheMachine(t *testing.T) {
	s := scope()
	s.Functions = compile.Functions(failing{planFiles()}, nil)
	_, diags := compile.Const(parse(t, `file("mail/terms.txt")`), s)
	if !diags.HasErrors() {
		t.Fatal("read a file that cannot be read")
	}
	if d := diags[0].Detail; !strings.Contains(d, `"mail/terms.txt" cannot be read: input/output error`) || strings.Contains(d, "/srv") {
		t.Errorf("says %s", d)
	}
}
