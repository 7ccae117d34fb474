package planfile

import (
	"fmt"

	"transition/plans"
	"transition/schema/addr"
)

// texts prints selectors or addresses.
func texts[A fmt.Stringer](list []A) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return out
}

// choice reads what the plan was made of.
func (v *fileV1) choice(p *plans.Plan) (err error) {
	p.LeftOut = v.LeftOut
	if p.Within.Targets, err = parsed("targets", v.Targets, addr.ParseSelector); err != nil {
		return err
	}
	if p.Within.Excludes, err = parsed("excludes", v.Excludes, addr.ParseSelector); err != nil {
		return err
	}
	p.Replaced, err = parsed("replaced", v.Replaced, addr.Parse)
	return err
}

func parsed[A any](field string, list []string, parse func(string) (A, error)) ([]A, error) {
	var out []A
	for _, text := range list {
		a, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%w: its field %q holds something else than it must: %v", ErrFormat, field, err)
		}
		out = append(out, a)
	}
	return out, nil
}
