package compile

import "github.com/zclconf/go-cty/cty"

// sizeOf is about the memory that a value takes, or anything beyond most.
func sizeOf(v cty.Value, most int) int { return measure(v, most).size }

// measures are what one walk through a value finds. Of one that is larger than
// was asked for, only the size counts.
type measures struct {
	size            int
	fuel            int  // that another walk takes, at least the size: see [weight]
	values          int  // in it, and itself
	unknown, marked bool // in it, however deep
}

func measure(v cty.Value, most int) measures {
	m := measures{size: sizeOfValue, fuel: sizeOfValue, values: 1, marked: v.IsMarked()}
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		m.unknown = true
	case v.IsNull():
	case v.Type() == cty.String:
		m.size += len(v.AsString())
		m.fuel += fuelOfText(v.AsString())
	case v.Type() == cty.Number && !bounded(v.AsBigFloat()):
		m.size = most + 1 // written out it would fill the memory
		m.fuel = m.size
	case v.Type() == cty.Number:
		m.fuel += fuelOfBit * int(v.AsBigFloat().MinPrec())
	case v.Type().IsObjectType(): // their iterator would sort the names
		for name := range v.Type().AttributeTypes() {
			if m.size <= most {
				m.fuel += fuelOfText(name)
				m.add(measure(v.GetAttr(name), most-m.size))
			}
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next() && m.size <= most; {
			key, e := it.Element()
			if v.Type().IsMapType() {
				m.fuel += fuelOfText(text(key))
			}
			m.add(measure(e, most-m.size))
		}
	}
	if v.Type().IsSetType() {
		m.fuel *= m.inSet(elements(v))
	}
	return m
}

func (m *measures) add(part measures) {
	m.size += part.size
	m.fuel += part.fuel
	m.values += part.values
	m.unknown = m.unknown || part.unknown
	m.marked = m.marked || part.marked
}
