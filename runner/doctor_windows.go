package runner

import "golang.org/x/sys/windows"

// room is how much may still be written to the disk of a directory, in bytes.
func room(dir string) (uint64, bool) {
	var free uint64
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil || windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return 0, false
	}
	return free, true
}

// superuser reports whether whoever runs this may do everything.
func superuser() bool { return windows.GetCurrentProcessToken().IsElevated() }
