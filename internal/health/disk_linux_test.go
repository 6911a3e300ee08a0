package health

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestADiskIsNearlyFullBeforeItIsFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no disk of the test's own can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	check, ok := Disk(dir, true)
	if !ok {
		t.Fatal("it is no part")
	}
	const size = 8 << 20
	for fill, want := range map[int]Status{size / 2: OK, size - size/40: Degraded, size - size/200: Down} {
		name := filepath.Join(dir, "fill")
		if err := os.WriteFile(name, make([]byte, fill), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := check.Look(t.Context()); got.Status != want || got.Figures["sizeBytes"] != size {
			t.Errorf("with %d bytes written: got %+v, want it %s", fill, got, want)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutADataFolderTheDiskIsNoPart(t *testing.T) {
	if _, ok := Disk(filepath.Join(t.TempDir(), "none"), true); ok {
		t.Error("it is a part")
	}
}
