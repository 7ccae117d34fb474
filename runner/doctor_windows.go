package runner

import (
	"os"

	"golang.org/x/sys/windows"
)

// room is how much may still be written to the disk of a directory, in bytes.
func room(dir string) (uint64, bool) {
	var free uint64
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil || windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return 0, false
	}
	return free, true
}

// mayWrite asks whether a file may be written. Of a directory the system only tells
// by what is made in it.
func mayWrite(name string) error {
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// superuser reports whether whoever runs this may do everything.
func superuser() bool { return windows.GetCurrentProcessToken().IsElevated() }
