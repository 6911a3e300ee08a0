package app

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// secretsFile holds the generated secrets, in the data folder.
const secretsFile = "secrets.env"

// minSecret is the least length of a secret in bytes.
const minSecret = 32

// samples are values that stand in documentation somewhere, so everybody knows them.
var samples = []string{"your-super-secret", "super-secret", "your-refresh-secret", "32-byte-hex-key", "changeme", "change-me", "example", "secret-key"}

// secret is one that the server cannot work without.
type secret struct {
	name  string
	value *telemetry.Secret
}

// secrets are those that are made at the first start where they were not given.
func (c *Config) secrets() []secret {
	return []secret{
		{"JASPERS_JWT_SECRET", &c.Auth.JWTSecret},
		{"JASPERS_ENCRYPTION_KEY", &c.Auth.EncryptionKey},
		{"JASPERS_HASH_KEY", &c.Auth.HashKey},
	}
}

// completeSecrets checks the secrets that were given and, for a database that lives on this machine, makes those that
// were not: once, into a file that only its owner can read.
func (c *Config) completeSecrets() error {
	missing := slices.ContainsFunc(c.secrets(), func(s secret) bool { return *s.value == "" })
	if missing {
		if !strings.HasPrefix(string(c.Database.URL), "sqlite:") {
			return errors.New("with PostgreSQL, JASPERS_JWT_SECRET, JASPERS_ENCRYPTION_KEY and JASPERS_HASH_KEY must be set, to the " +
				"same values for every process; make each with: openssl rand -hex 32")
		}
		if err := c.readOrMakeSecrets(filepath.Join(c.Database.DataDir, secretsFile)); err != nil {
			return err
		}
	}
	seen := map[telemetry.Secret]string{}
	for _, s := range c.secrets() {
		if err := checkSecret(s.name, *s.value); err != nil {
			return err
		}
		if other, taken := seen[*s.value]; taken {
			return fmt.Errorf("%s and %s must differ", other, s.name)
		}
		seen[*s.value] = s.name
	}
	return nil
}

func (c *Config) readOrMakeSecrets(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := c.makeSecrets(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write the generated secrets: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("find the generated secrets: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others: run chmod 600 on it, and make new secrets if somebody may have", path)
	}
	made, err := godotenv.Read(path)
	if err != nil {
		return fmt.Errorf("%s cannot be read as settings", path)
	}
	for _, s := range c.secrets() {
		if *s.value == "" {
			*s.value = telemetry.Secret(made[s.name])
		}
	}
	return nil
}

// makeSecrets writes new secrets, whole or not at all: a start that dies half way must not leave half a file, and of two
// starts at once only one file may stay.
func (c *Config) makeSecrets(path string) error {
	if _, err := os.Stat(path); err == nil {
		return fs.ErrExist
	}
	file, err := os.CreateTemp(filepath.Dir(path), secretsFile+".*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	w := bufio.NewWriter(file)
	_, _ = fmt.Fprintln(w, "# Made at the first start. Whoever has this file can sign in as anybody: keep it, back it up, show it to no one.")
	for _, s := range c.secrets() {
		_, _ = fmt.Fprintf(w, "%s=%s\n", s.name, randomHex())
	}
	if err := errors.Join(w.Flush(), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path) // fails where another start was first
}

func randomHex() string {
	var b [vault.KeySize]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// checkSecret refuses what could be guessed.
func checkSecret(name string, secret telemetry.Secret) error {
	text := strings.ToLower(string(secret))
	for _, sample := range samples {
		if strings.Contains(text, sample) {
			return fmt.Errorf("%s has a value from documentation; make one with: openssl rand -hex 32", name)
		}
	}
	distinct := map[rune]bool{}
	for _, r := range text {
		distinct[r] = true
	}
	if len(text) < minSecret || len(distinct) < 8 {
		return fmt.Errorf("%s must have at least %d random characters; make one with: openssl rand -hex 32", name, minSecret)
	}
	return nil
}

// keyring holds the encryption key.
func (c *Config) keyring() (*vault.Keyring, error) {
	key, err := hex.DecodeString(string(c.Auth.EncryptionKey))
	if err != nil || len(key) != vault.KeySize {
		return nil, fmt.Errorf("JASPERS_ENCRYPTION_KEY must be %d hex digits; make one with: openssl rand -hex 32", 2*vault.KeySize)
	}
	return vault.New(map[int][]byte{1: key})
}
