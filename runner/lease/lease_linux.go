package lease

// Commands of fcntl(2) for locks of an open file description, from
// linux/fcntl.h. The plain F_SETLK belongs to the process, which loses it when
// any of its descriptors of the file is closed.
const (
	getLock  = 36 // F_OFD_GETLK
	setLock  = 37 // F_OFD_SETLK
	waitLock = 38 // F_OFD_SETLKW
)
