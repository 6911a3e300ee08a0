package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

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
		{keySetting, &c.Auth.EncryptionKey},
		{hashKeySetting, &c.Auth.HashKey},
	}
}

// completeSecrets checks the secrets that were given and, for a database that lives on this machine, makes those that
// were not: once, into a file that only its owner can read.
func (c *Config) completeSecrets(ctx context.Context) error {
	if c.lacksSecrets() {
		if err := c.wantFile(); err != nil {
			return err
		}
		if err := c.makeSecrets(ctx); err != nil {
			return err
		}
	}
	return c.findSecrets()
}

// findSecrets is completeSecrets for commands beside the server: they make none.
func (c *Config) findSecrets() error {
	if c.lacksSecrets() {
		if err := c.wantFile(); err != nil {
			return err
		}
		if err := c.takeSecrets(); err != nil {
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

func (c *Config) lacksSecrets() bool {
	return slices.ContainsFunc(c.secrets(), func(s secret) bool { return *s.value == "" })
}

// wantFile refuses to look for secrets in a file where several processes need the same ones.
func (c *Config) wantFile() error {
	if !strings.HasPrefix(string(c.Database.URL), "sqlite:") {
		return errors.New("with PostgreSQL, JASPERS_JWT_SECRET, JASPERS_ENCRYPTION_KEY and JASPERS_HASH_KEY must be set, to the " +
			"same values for every process; make each with: openssl rand -hex 32")
	}
	if c.Auth.EncryptionKey == "" && c.Auth.EncryptionKeysOld != "" {
		return errors.New("JASPERS_ENCRYPTION_KEYS_OLD is set, but JASPERS_ENCRYPTION_KEY is not: set both, or neither")
	}
	return nil
}

func (c *Config) secretsPath() string { return filepath.Join(c.Database.DataDir, secretsFile) }

// makeSecrets sees to it that the file has every secret: it may not be there yet, or be from before there were so many.
func (c *Config) makeSecrets(ctx context.Context) error {
	path := c.secretsPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	missing := func(values map[string]string) map[string]string {
		changes := map[string]string{}
		for _, s := range c.secrets() {
			if values[s.name] == "" {
				changes[s.name] = randomHex()
			}
		}
		return changes
	}
	if values, err := readSecretsFile(path); err == nil && len(missing(values)) == 0 {
		return nil // most starts write nothing, and may not be able to
	}
	return editSecretsFile(ctx, path, func(values map[string]string) (map[string]string, error) {
		changes := missing(values)
		return changes, c.checkNew(ctx, changes)
	})
}

// takeSecrets fills in from the file what was not given.
func (c *Config) takeSecrets() error {
	made, err := readSecretsFile(c.secretsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: bring back the one that belongs to this database; %s", c.secretsPath(), lostForGood)
	}
	if err != nil {
		return err
	}
	if c.Auth.EncryptionKey == "" {
		c.keysFile = c.secretsPath()
		c.Auth.EncryptionKeysOld = telemetry.Secret(made[oldKeysSetting])
	}
	for _, s := range c.secrets() {
		if *s.value == "" {
			*s.value = telemetry.Secret(made[s.name])
		}
	}
	return nil
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
