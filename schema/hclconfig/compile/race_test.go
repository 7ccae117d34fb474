//go:build race

package compile_test

// racing: the race detector makes pools forget on purpose.
const racing = true
