//go:build unix

package files_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/files"
)

func fill(text string) func(string) error {
	return func(part string) error { return os.WriteFile(part, []byte(text), 0o600) }
}

// names lists what is in a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestAFileIsReplacedWholeOrLeftAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	broken := errors.New("no more")
	for _, step := range []struct {
		write func(string) error
		fails error
		want  string
	}{
		{fill("one"), nil, "one"},
		{fill("two"), nil, "two"},
		{func(part string) error { return errors.Join(fill("thr")(part), broken) }, broken, "two"},
	} {
		if err := files.Replace(path, step.write); !errors.Is(err, step.fails) {
			t.Fatalf("got %v, want %v", err, step.fails)
		}
		text, err := os.ReadFile(path)
		if err != nil || string(text) != step.want {
			t.Errorf("got %q, %v, want %q", text, err, step.want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want mode 0600", info, err)
		}
		if left := names(t, dir); len(left) != 1 {
			t.Errorf("got %v, want nothing left over", left)
		}
	}
}

func TestWhatWasMadeBesideAPartGoesWithItAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "a"), filepath.Join(dir, "a.1.part-journal") // of somebody else
	full := errors.New("no space left")
	if err := fill("theirs")(other); err != nil {
		t.Fatal(err)
	}
	for _, fails := range []error{full, nil} {
		if err := files.Replace(path, func(part string) error {
			return errors.Join(fill("ours")(part), fill("half")(part+"-journal"), fails)
		}); !errors.Is(err, fails) {
			t.Fatalf("got %v, want %v", err, fails)
		}
		want := []string{"a.1.part-journal"}
		if fails == nil {
			want = []string{"a", "a.1.part-journal"}
		}
		if got := names(t, dir); !slices.Equal(got, want) {
			t.Errorf("after %v: got %v, want %v", fails, got, want)
		}
	}
}

func TestANewFileIsNeverPutInThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := files.New(path, func(part string) error { // somebody else is quicker
		return errors.Join(fill("ours")(part), os.WriteFile(path, []byte("theirs"), 0o600))
	}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if err := files.New(path, func(string) error { t.Error("it was written for nothing"); return nil }); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "theirs" || len(names(t, dir)) != 1 {
		t.Errorf("got %q, %v beside %v", text, err, names(t, dir))
	}
}

func TestAClaimKeepsOutWhoSharesAndTheReverse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	must := func(unlock func(), err error) func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	}
	one, other := must(files.Share(path)), must(files.Share(path))
	one()
	if _, err := files.Claim(path); !errors.Is(err, files.ErrLocked) {
		t.Errorf("claimed what is shared: %v", err)
	}
	other()
	claim := must(files.Claim(path))
	if _, err := files.Share(path); !errors.Is(err, files.ErrLocked) {
		t.Errorf("shared what is claimed: %v", err)
	}
	if _, err := files.Claim(path); !errors.Is(err, files.ErrLocked) {
		t.Errorf("claimed twice: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := files.Lock(short, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("locked what is claimed: %v", err)
	}
	claim()
	must(files.Lock(t.Context(), path))()
}
