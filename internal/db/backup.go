package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jaspers-ai/jaspers/internal/files"
)

// ErrInUse is when a database cannot be replaced because somebody has it open.
var ErrInUse = errors.New("the database is in use")

// lockSuffix names the file beside an SQLite database that everybody who has it open shares a lock on.
const lockSuffix = ".lock"

// Backup writes an SQLite database into a new file that only its owner can read: one picture of one moment, whatever is
// written meanwhile, and by whom. It is there whole and found sound, or not at all, whenever the process is killed.
func (d *DB) Backup(ctx context.Context, to string) error {
	return files.New(to, func(part string) error { return copyFile(ctx, d.write, part) })
}

// copyFile fills the empty file at part with what source shows, so packed that nothing deleted is in it. It needs no
// other file beside it.
func copyFile(ctx context.Context, source *sql.DB, part string) error {
	part, err := filepath.Abs(part) // so that it is no URI
	if err != nil {
		return err
	}
	if _, err := source.ExecContext(ctx, "vacuum into $1", part); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	made, err := OpenFile(ctx, part)
	if err != nil {
		return err
	}
	return errors.Join(made.isSound(ctx), made.Close())
}

// OpenFile opens an SQLite database that nobody writes to, such as a backup, for reading only. Nothing is made beside it.
func OpenFile(ctx context.Context, path string) (*DB, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return nil, fmt.Errorf("there is no database in %s", path)
	}
	// Without query_only, which would keep it from being copied.
	read, err := sql.Open("sqlite", sqliteURI(path)+"&mode=ro")
	if err != nil {
		return nil, err
	}
	d := &DB{Engine: SQLite, write: read, read: read, line: make(chan struct{}, 1), reader: traced{read}}
	var tables, page int64
	err = read.QueryRowContext(ctx, "select count(*), (select page_size from pragma_page_size) from sqlite_master").Scan(&tables, &page)
	if err == nil && info.Size()%page != 0 {
		err = errors.New("its end is missing") // which SQLite would take for zeros
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no whole database: %w", path, err), d.Close())
	}
	return d, nil
}

// isSound reads all of an SQLite database and looks whether it is put together as it should be.
func (d *DB) isSound(ctx context.Context) error {
	var finding string
	if err := d.write.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&finding); err != nil {
		return fmt.Errorf("the database is damaged: %w", err)
	}
	if finding != "ok" {
		return fmt.Errorf("the database is damaged: %s", finding)
	}
	return nil
}

// Restore puts a copy of the SQLite database in the file from in the place of the one at path, which need not be there.
// What was there is kept under the name it returns, empty where there was none. check sees the copy before and may
// refuse it. Whenever the process is killed, at path is all of the one or all of the other.
func Restore(ctx context.Context, from, path string, check func(*DB) error) (aside string, err error) {
	source, err := OpenFile(ctx, from)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the database folder: %w", err)
	}
	unlock, err := files.Claim(path + lockSuffix)
	if errors.Is(err, files.ErrLocked) {
		return "", ErrInUse
	}
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := dropSecondNames(path); err != nil {
		return "", err
	}
	if err := source.isSound(ctx); err != nil { // a copy would mend the indexes of what is not
		return "", err
	}
	err = files.Replace(path, func(part string) error {
		if err := copyFile(ctx, source.write, part); err != nil {
			return err
		}
		made, err := OpenFile(ctx, part)
		if err != nil {
			return err
		}
		if err := errors.Join(check(made), made.Close()); err != nil {
			return err
		}
		aside, err = setAside(ctx, path)
		return err
	})
	return aside, err
}

// asideMark stands before the time in the names of databases that were set aside, which is written as asideForm: so finely
// that two restores, which wait for each other, do not want the same name.
const (
	asideMark = ".before-"
	asideForm = "20060102T150405.000000Z"
)

// dropSecondNames takes away the second name that a Restore left to the database at path when it was killed in the
// middle: nobody must open a database by two names.
func dropSecondNames(path string) error {
	now, err := os.Stat(path)
	if err != nil {
		return nil // it is there to have been set aside, or was not
	}
	names, err := filepath.Glob(path + asideMark + "*")
	if err != nil {
		return err
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && os.SameFile(info, now) {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// besides end the names of the files that SQLite keeps beside a database and that belong to it; sharedEnd ends that of one
// in which nothing is kept.
var besides = []string{"-wal", "-journal"}

const sharedEnd = "-shm"

// setAside gives the database at path a second name, under which it stays, and leaves it where it is until another is put
// in its place. Where it is damaged, what stands beside it gets one, too.
func setAside(ctx context.Context, path string) (aside string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	aside = path + asideMark + time.Now().UTC().Format(asideForm)
	defer func() {
		if err != nil {
			_ = remove(aside, slices.Concat([]string{""}, besides)...)
		}
	}()
	if err := os.Link(path, aside); err != nil {
		return "", fmt.Errorf("set the database aside: %w", err)
	}
	for _, end := range besides { // before SQLite looks at them, who could throw them away
		if err := os.Link(path+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set the database aside: %w", err)
		}
	}
	whole, err := fold(ctx, path)
	if err == nil && whole {
		err = remove(aside, besides...)
	}
	if err == nil {
		err = files.SyncFolder(path)
	}
	if err == nil { // the other database would be read together with them
		err = remove(path, slices.Concat(besides, []string{sharedEnd})...)
	}
	return aside, err
}

// remove deletes the files whose names are path and one of the ends, as far as they are there.
func remove(path string, ends ...string) error {
	for _, end := range ends {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fold puts everything that belongs to the database at path into its one file, which takes that nobody else has it open.
// It is not whole then when it is damaged.
func fold(ctx context.Context, path string) (whole bool, err error) {
	old, err := sql.Open("sqlite", sqliteURI(path)+"&mode=rw")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	var mode string
	err = old.QueryRowContext(ctx, "pragma journal_mode = delete").Scan(&mode)
	switch lite, _ := errors.AsType[*sqlite.Error](err); {
	case err == nil && mode == "delete":
		return true, nil
	case err == nil:
		return false, ErrInUse
	case lite == nil:
		return false, err
	default:
		return false, foldFailure(lite)
	}
}

func foldFailure(err *sqlite.Error) error {
	switch err.Code() & 0xff { // the rest says more about it
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrInUse
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR:
		return nil
	}
	return err
}
