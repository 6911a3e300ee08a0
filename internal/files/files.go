// Package files puts files in their places whole or not at all, and keeps other processes away from them meanwhile.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrLocked is when another process has the lock.
var ErrLocked = errors.New("locked by another process")

// lockPatience is how often a lock that another process has is tried again.
const lockPatience = 20 * time.Millisecond

// partSuffix ends the names of files that are not whole yet. A process that was killed leaves one behind, which nobody
// takes for the file it was to become.
const partSuffix = ".part"

// Replace writes a file that only its owner can read, in the place of another if there is one: whole or not at all, and
// lasting. write is given the path of an empty file to fill. What it makes beside that, with names that begin with the
// path, is taken away.
func Replace(path string, write func(part string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+partSuffix) // 0600
	if err != nil {
		return err
	}
	part := file.Name()
	defer removePart(part)
	if err := errors.Join(file.Close(), write(part), syncPath(part)); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return SyncFolder(path)
}

// removePart takes away a part that became no file, with what write made beside it under its name, such as a journal. It
// does nothing to what was renamed.
func removePart(part string) {
	entries, _ := os.ReadDir(filepath.Dir(part)) // what cannot be found cannot be taken away either
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(part)) {
			_ = os.Remove(filepath.Join(filepath.Dir(part), e.Name()))
		}
	}
}

// New is Replace for a file that must not be there yet.
func New(path string, write func(part string) error) error {
	if err := Absent(path); err != nil {
		return err
	}
	return Replace(path, func(part string) error {
		if err := write(part); err != nil {
			return err
		}
		return Absent(path) // it may have taken long
	})
}

// Absent refuses a path at which something is.
func Absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s is there already, and is not overwritten: %w", path, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// SyncFolder makes it last that a file was put at path or taken away from there.
func SyncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = folder.Sync() // not every file system can
	return folder.Close()
}

func syncPath(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) // #nosec G304 -- one we have just made
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
