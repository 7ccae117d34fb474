package sqlite

import (
	"errors"
	"os"
	"path/filepath"
)

// room is how much must fit beside a state and into its files, in bytes, or the
// disk counts as full when the engine has failed to write and does not say why.
const room = 1 << 20

// tryRoom finds out whether a disk is full by writing to it: only so are quotas
// and the limits of the process seen as well. The file that it makes is as large
// as those of the state and goes at once. Its error is that of the system.
func tryRoom(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".room-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteAt(make([]byte, room), reach(path))
	return errors.Join(err, f.Close())
}

// size is that of a file; 0 for none.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
