//go:build !unix

package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// IsOurs tells whether a file belongs to the user we run as, which cannot be told here.
func IsOurs(fs.FileInfo) bool { return true }

// Lock keeps other processes out until unlock, which removes the file. A process that was killed leaves it behind.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		unlock, err := Claim(path)
		if !errors.Is(err, ErrLocked) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("remove %s if no other jaspers is running: %w", path, ctx.Err())
		case <-time.After(lockPatience):
		}
	}
}

// Claim is Lock for who does not wait: it is ErrLocked where somebody has the lock.
func Claim(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("lock %s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = file.Close(); _ = os.Remove(path) }, nil
}

// Share does nothing: on these systems a file that is open cannot be replaced.
func Share(string) (unlock func(), err error) { return func() {}, nil }
