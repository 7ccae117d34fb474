package timeline

import (
	"fmt"
	"strings"
	"time"
)

// span writes an elapsed time in words: "25 hours", "3 days 2 hours". Days are
// used from two of them on.
func span(d time.Duration) string {
	var words []string
	add := func(unit time.Duration, word string) {
		n := d / unit
		if n == 0 {
			return
		}
		d -= n * unit
		if n > 1 {
			word += "s"
		}
		words = append(words, fmt.Sprintf("%d %s", n, word))
	}
	if d >= 48*time.Hour {
		add(24*time.Hour, "day")
	}
	add(time.Hour, "hour")
	add(time.Minute, "minute")
	add(time.Second, "second")
	return strings.Join(words, " ")
}
