package toffset_test

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"transition/schema/toffset"
)

// Two days and 48 hours differ when the clocks change between.
func ExampleOffset_From() {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		fmt.Println(err)
		return
	}
	t, _, err := toffset.ParseInstant("2012-03-09 18:00", zone)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range []string{"T-60d@09:00", "T", "T+2d", "T+48h"} {
		o, err := toffset.Parse(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		at, _ := o.From(t, zone)
		fmt.Println(toffset.Show(at, zone))
	}
	// Output:
	// Mon 9 Jan 2012 09:00 PST (Mon 17:00 UTC)
	// Fri 9 Mar 2012 18:00 PST (Sat 02:00 UTC)
	// Sun 11 Mar 2012 18:00 PDT (Mon 01:00 UTC)
	// Sun 11 Mar 2012 19:00 PDT (Mon 02:00 UTC)
}

// An error can be shown to the author of a plan as it is.
func ExampleParse() {
	_, err := toffset.Parse("T-12h1d")
	fmt.Println(err)
	// Output:
	// "T-12h1d" has d after h, but units go from the largest to the smallest. Write "T-1d12h".
}
