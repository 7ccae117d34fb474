package cli

import (
	"github.com/spf13/pflag"

	"transition/plans"
	"transition/runner"
	"transition/schema/addr"
)

// choiceArgs are the flags that say what of a plan is wanted.
type choiceArgs struct {
	targets  []string
	excludes []string
	replaces []string
}

func (a *choiceArgs) bind(f *pflag.FlagSet) {
	f.StringArrayVar(&a.targets, "target", nil, "leave out all that `SELECTOR` does not cover; may be repeated")
	f.StringArrayVar(&a.excludes, "exclude", nil, "leave out what `SELECTOR` covers; may be repeated")
	f.StringArrayVar(&a.replaces, "replace", nil, "do an item again that is done with, TENANT/PHASE/ITEM as `ADDRESS`; may be repeated")
}

// choiceHelp is what plan and apply say of these flags.
const choiceHelp = `
-target and -exclude leave changes out; the plan says how many. Whoever names an
item of a tenant also gets what brings the tenant on its way: its enrolment, its
batch, its date, with the corrections. Never left out: the release of a lock,
what has to be undone before it, and the correction of a date that is no longer
true. The plan directory is only adopted by an apply that leaves nothing out.

-replace does an item again that is done, failed, missed, skipped or waived,
whatever its window; messages go to all their recipients again. It is refused
for what could not begin now.`

// given names a flag that was used; empty: none was.
func (a *choiceArgs) given() string {
	switch {
	case len(a.targets) > 0:
		return "-target"
	case len(a.excludes) > 0:
		return "-exclude"
	case len(a.replaces) > 0:
		return "-replace"
	default:
		return ""
	}
}

// choice reads the flags.
func (a *choiceArgs) choice() (c runner.Choice, err error) {
	c.Within, err = a.scope()
	for _, text := range a.replaces {
		address, wrong := addr.Parse(text)
		switch {
		case err != nil:
		case wrong != nil:
			err = usagef("More about addresses: transition help addresses", "-replace: %v", wrong)
		case address.Item == "":
			err = usagef("Write -replace=TENANT/PHASE/ITEM.", "-replace names an item, and %q is a tenant.", text)
		}
		c.Replace = append(c.Replace, address)
	}
	return c, err
}

func (a *choiceArgs) scope() (s plans.Scope, err error) {
	if s.Targets, err = selectors("-target", a.targets); err != nil {
		return s, err
	}
	s.Excludes, err = selectors("-exclude", a.excludes)
	return s, err
}

func selectors(flag string, texts []string) ([]addr.Selector, error) {
	var list []addr.Selector
	for _, text := range texts {
		sel, err := addr.ParseSelector(text)
		if err != nil {
			return nil, usagef("More about selectors: transition help addresses", "%s: %v", flag, err)
		}
		list = append(list, sel)
	}
	return list, nil
}
