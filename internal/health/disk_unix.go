//go:build linux || darwin

package health

import "syscall"

func roomAt(dir string) (room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return room{}, err
	}
	block := float64(s.Bsize)
	return room{free: float64(s.Bavail) * block, size: float64(s.Blocks) * block, noFiles: s.Files > 0 && s.Ffree == 0}, nil
}
