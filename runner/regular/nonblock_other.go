//go:build !unix

package regular

const nonblock = 0 // there are no named pipes among the files
