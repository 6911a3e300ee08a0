//go:build unix

package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// IsOurs tells whether a file belongs to the user we run as.
func IsOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int64(stat.Uid) == int64(os.Geteuid())
}

// Lock keeps other processes out until unlock, and waits for them as long as ctx lasts. The lock ends with the process,
// however that ends; its file stays.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		unlock, err := flock(path, syscall.LOCK_EX)
		if !errors.Is(err, ErrLocked) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s is locked by another process: %w", path, ctx.Err())
		case <-time.After(lockPatience):
		}
	}
}

// Claim is Lock for who does not wait: it is ErrLocked where somebody has the lock or a share of it.
func Claim(path string) (unlock func(), err error) { return flock(path, syscall.LOCK_EX) }

// Share keeps out those who Lock or Claim, and lets others share. It is ErrLocked where somebody has the lock.
func Share(path string) (unlock func(), err error) { return flock(path, syscall.LOCK_SH) }

func flock(path string, how int) (unlock func(), err error) {
	// Nothing is ever in it. Others may read it, so that a lock root made first keeps nobody else from locking.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644) // #nosec G302 G304 -- empty, and beside the operator's own files
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB); err != nil { // #nosec G115 -- descriptors are small
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}
