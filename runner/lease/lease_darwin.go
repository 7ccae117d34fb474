package lease

// Commands of fcntl(2) for locks of an open file description, from macOS's
// sys/fcntl.h (10.15 and later). The plain F_SETLK belongs to the process, which
// loses it when any of its descriptors of the file is closed.
const (
	setLock  = 90 // F_OFD_SETLK
	waitLock = 91 // F_OFD_SETLKW
	getLock  = 92 // F_OFD_GETLK
)
