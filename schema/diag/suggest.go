package diag

import "github.com/agext/levenshtein"

// Suggest returns the candidate that was most likely meant by given, or "".
// A candidate counts when at most a third of it differs, as in
// "comunication" for "communication"; two letters may change places in all but
// the shortest words. Long words are not looked at, and only the first of many.
func Suggest(given string, candidates []string) string {
	const longest, most = 100, 200
	best, bestDistance := "", len(given)+1
	for _, c := range candidates[:min(len(candidates), most)] {
		if len(given) > longest || len(c) > longest {
			continue
		}
		d := levenshtein.Distance(given, c, nil)
		if d < bestDistance && d <= max(1, min(2, len(c)-2), len(c)/3) {
			best, bestDistance = c, d
		}
	}
	return best
}
