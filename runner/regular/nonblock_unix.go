//go:build unix

package regular

import "syscall"

// nonblock opens a named pipe at once, though nobody writes into it.
const nonblock = syscall.O_NONBLOCK
