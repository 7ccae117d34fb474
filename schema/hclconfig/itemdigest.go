package hclconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"transition/schema"
	"transition/schema/hclconfig/compile"
)

// digestItems gives the items of a plan without mistakes their digests.
func (l *loader) digestItems() {
	if l.diags.HasErrors() {
		return
	}
	phases := make(map[string]*node)
	for _, n := range l.root.each("phase") {
		phases[n.name()] = n
	}
	tokens := make(map[string]hclsyntax.Tokens)
	for _, item := range l.cfg.Items {
		d := itemDigest{sum: newSum("transition item 1"), l: l, tokens: tokens}
		d.rules(phases[item.Phase.Name], item.Phase)
		d.item(l.blocks[item], item)
		item.Digest = d.digest()
	}
}

// itemDigest adds up what one item does. Too much rather than too little goes in:
// what is left out could change and nobody would be told.
type itemDigest struct {
	sum
	l      *loader
	tokens map[string]hclsyntax.Tokens // of plan files, without what means nothing
}

// rules adds what a phase says of all its items. When it opens is left out: dates
// are compared as dates.
func (d *itemDigest) rules(n *node, p *schema.Phase) {
	d.text(fmt.Sprint(p.Hard, p.PointOfNoReturn))
	d.attributes(n, "opens", "on_insert")
}

func (d *itemDigest) item(n *node, item *schema.Item) {
	d.text(n.spec.Name)
	d.attributes(n, "at")
	d.nested(n)
	d.policies(n)
	switch does := item.Does.(type) {
	case *schema.Communication:
		d.message(does.Message)
	case *schema.Work:
		d.effect(does.Effect)
		if does.Undo != nil {
			d.effect(does.Undo.Effect)
		}
	case *schema.Lock:
		d.effect(does.Acquire)
		d.effect(does.Release)
	case *schema.Approval:
	}
}

// attributes adds what is written in a block, but for some attributes. The order
// means nothing.
func (d *itemDigest) attributes(n *node, but ...string) {
	for _, name := range slices.Sorted(maps.Keys(n.attrs)) {
		if !slices.Contains(but, name) {
			d.text(name)
			d.expression(n.attrs[name].Expr)
		}
	}
	d.text("")
}

func (d *itemDigest) nested(n *node) {
	for _, c := range n.children {
		d.block(c)
	}
}

// block adds a block with its name and all that is in it.
func (d *itemDigest) block(n *node) {
	d.text(n.title())
	d.attributes(n)
	d.nested(n)
	d.text("")
}

// policies adds the blocks that an item, or a block in it, refers to by name or
// by default.
func (d *itemDigest) policies(n *node) {
	for _, p := range [...]struct{ kind, standard string }{
		{"channel", d.l.defaults.channel}, {"retry", d.l.defaults.retry}, {"limit", ""},
	} {
		if _, has := n.spec.Attribute(p.kind); !has {
			continue
		}
		name := p.standard
		if n.written(p.kind) {
			name = value[ref](n, p.kind).name
		}
		for _, b := range d.l.root.each(p.kind) {
			if refName(b) == name {
				d.block(b)
			}
		}
	}
	for _, c := range n.children {
		d.policies(c)
	}
}

// effect adds what an effect has from the defaults of the plan.
func (d *itemDigest) effect(e schema.Effect) {
	switch e := e.(type) {
	case *schema.Exec:
		d.text(fmt.Sprint(e.Timeout, e.Delivery))
	case *schema.HTTP:
		d.text(fmt.Sprint(e.Timeout, e.Delivery))
	}
}

// message adds the files of a message; one that is written in the plan is part
// of the item's block.
func (d *itemDigest) message(m *schema.Message) {
	if m.Path == "" {
		return
	}
	if len(m.ByLocale) > 0 {
		d.text(d.l.cfg.Locale)
	}
	for _, t := range textsOf(m) {
		name := t.Range.File
		d.text(name)
		d.file(name)
		subject, body, bad := splitMessage(d.l.cfg.Sources[name])
		if bad != nil {
			continue
		}
		for _, p := range [...]part{subject, body} {
			d.depends(compile.TemplateDependsOn(p.src, name, p.start, d.l.scope))
		}
	}
}

// expression adds how an expression is written, and what its value depends on.
func (d *itemDigest) expression(e hcl.Expression) {
	d.written(e.Range())
	d.depends(compile.DependsOn(e, d.l.scope))
}

// written adds a part of a plan file.
func (d *itemDigest) written(r hcl.Range) {
	src := d.l.cfg.Sources[r.Filename]
	if path.Ext(r.Filename) == ".json" {
		var compact bytes.Buffer
		if json.Compact(&compact, r.SliceBytes(src)) != nil {
			compact.Write(r.SliceBytes(src))
		}
		d.add(compact.Bytes())
		return
	}
	tokens, ok := d.tokens[r.Filename]
	if !ok {
		tokens = meaningful(src, r.Filename)
		d.tokens[r.Filename] = tokens
	}
	first, _ := slices.BinarySearchFunc(tokens, r.Start.Byte, func(t hclsyntax.Token, at int) int { return t.Range.Start.Byte - at })
	for _, t := range tokens[first:] {
		if t.Range.Start.Byte >= r.End.Byte {
			break
		}
		d.text(string(t.Type))
		d.add(t.Bytes)
	}
	d.text("")
}

// meaningful lists the tokens of a plan file but for comments and line breaks.
func meaningful(src []byte, name string) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(src, name, firstPos()) // it was parsed
	return slices.DeleteFunc(tokens, func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline
	})
}

// depends adds what the value of an expression depends on beside its text.
func (d *itemDigest) depends(on compile.Dependence) {
	for _, v := range on.Known {
		text, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			text = []byte(v.GoString())
		}
		d.add(text)
	}
	for _, name := range on.Names {
		d.name(name)
	}
	for _, name := range on.Files {
		d.file(path.Clean(name))
	}
}

// name adds how the plan declares what differs from tenant to tenant.
func (d *itemDigest) name(name string) {
	if n := d.l.transitionBlock("postpone"); name == "postpone_until" && n != nil {
		d.block(n)
	}
	for i := range d.l.cfg.Columns.List {
		c := &d.l.cfg.Columns.List[i]
		if name != "tenant" && name != "tenant."+c.Name {
			continue
		}
		d.text(fmt.Sprint(c.Name, c.Type, c.Default != nil))
		if c.Default != nil {
			d.text(fmt.Sprint(*c.Default))
		}
	}
}

// file adds the content of a file.
func (d *itemDigest) file(name string) {
	content := d.l.input.content(name)
	d.add(content[:])
}
