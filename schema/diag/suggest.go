package diag

import "github.com/agext/levenshtein"

// Suggest returns the candidate that was most likely meant by given, or "".
// A candidate counts when at most a third of it differs, as in
// "comunication" for "communication"; two letters may change places in all but
// the shortest words.
func Suggest(given string, candidates []string) string {
	best, bestDistance := "", len(given)+1
	for _, c := range candidates {
		d := levenshtein.Distance(given, c, nil)
		if d < bestDistance && d <= max(1, min(2, len(c)-2), len(c)/3) {
			best, bestDistance = c, d
		}
	}
	return best
}
