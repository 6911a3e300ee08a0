//go:build unix

package app

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// lockPatience is how often a lock that another process has is tried again.
const lockPatience = 20 * time.Millisecond

// isOurs tells whether a file belongs to the user we run as.
func isOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int64(stat.Uid) == int64(os.Geteuid())
}

// lockFile keeps other processes out until unlock. The lock ends with the process, however that ends; its file stays.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- beside the operator's own files
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // #nosec G115 -- descriptors are small
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("%s is locked by another process: %w", path, ctx.Err())
		case <-time.After(lockPatience):
		}
	}
}
