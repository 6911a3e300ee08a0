package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"github.com/jaspers-ai/jaspers/internal/files"
)

// secretsFile holds the generated secrets, in the data folder.
const secretsFile = "secrets.env"

// lockTime is how long a process may keep others from the secrets: it writes one small file.
const lockTime = 10 * time.Second

// readSecretsFile gives what stands in the file of generated secrets.
func readSecretsFile(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("find the generated secrets: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: run chmod 600 on it, and make new secrets if somebody may have", path)
	}
	values, err := godotenv.Read(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as settings", path) // the cause would show a line of it
	}
	return values, nil
}

// editSecretsFile changes the file of generated secrets, which need not be there yet. Of several processes one at a time
// is asked for its changes, given what stands there; an empty value takes a line away. A reader sees the old file or the
// new one, whenever any of them is killed.
func editSecretsFile(ctx context.Context, path string, edit func(values map[string]string) (map[string]string, error)) error {
	// A file that root wrote in the place of the server's could not be read by the server any more.
	if info, err := os.Stat(path); err == nil && !files.IsOurs(info) {
		return fmt.Errorf("%s belongs to another user: run this as the user the server runs as", path)
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	unlock, err := files.Lock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	text, values := "# Whoever has this file can sign in as anybody: keep it, back it up, show it to no one.\n", map[string]string{}
	old, err := os.ReadFile(path) // #nosec G304 -- in the operator's data folder
	switch {
	case err == nil:
		text = string(old)
		if values, err = readSecretsFile(path); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the generated secrets: %w", err)
	}
	changes, err := edit(values)
	if err != nil || len(changes) == 0 {
		return err
	}
	text = changeLines(text, changes)
	if err := files.Replace(path, func(part string) error { return os.WriteFile(part, []byte(text), 0o600) }); err != nil { // #nosec G703 -- the operator names the folder
		return fmt.Errorf("write the generated secrets: %w", err)
	}
	return nil
}

// changeLines gives settings their new values, those that are not there yet at the end.
func changeLines(text string, changes map[string]string) string {
	var b strings.Builder
	done := map[string]bool{}
	write := func(name, value string) {
		if !done[name] && value != "" {
			b.WriteString(name + "=" + value + "\n")
		}
		done[name] = true
	}
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if value, changed := changes[strings.TrimSpace(name)]; changed {
			write(strings.TrimSpace(name), value)
			continue
		}
		b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	for _, s := range append((&Config{}).secrets(), secret{name: oldKeysSetting}) { // in one order
		if value, changed := changes[s.name]; changed {
			write(s.name, value)
		}
	}
	return b.String()
}
