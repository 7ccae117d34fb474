//go:build !crashpoint || !linux

// Package crashpoint names the places at which the crash tests kill the program.
// Without the build tag crashpoint nothing of it is left in a binary, not even
// the names: they must be constants.
package crashpoint

// Hit marks a place.
func Hit(string) {}
