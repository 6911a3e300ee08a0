//go:build !unix

package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// lockPatience is how often a lock that another process has is tried again.
const lockPatience = 20 * time.Millisecond

// isOurs tells whether a file belongs to the user we run as, which cannot be told here.
func isOurs(fs.FileInfo) bool { return true }

// lockFile keeps other processes out until unlock, which removes the file. A process that was killed leaves it behind.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err == nil {
			return func() { _ = file.Close(); _ = os.Remove(path) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("remove %s if no other jaspers is running: %w", path, ctx.Err())
		case <-time.After(lockPatience):
		}
	}
}
