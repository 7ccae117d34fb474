//go:build !race

package compile_test

const racing = false
