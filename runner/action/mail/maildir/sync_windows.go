package maildir

// syncDir does nothing: Windows cannot sync a directory; NTFS journals its names.
func syncDir(string) error { return nil }
