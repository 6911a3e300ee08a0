package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/idempotency"
	"github.com/jaspers-ai/jaspers/internal/keys"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// The settings with keys that something in the database was written with.
const (
	hashKeySetting = "JASPERS_HASH_KEY"
	keySetting     = "JASPERS_ENCRYPTION_KEY"
	oldKeysSetting = "JASPERS_ENCRYPTION_KEYS_OLD"
)

// sealedColumns are all in which something is sealed. A package that begins to seal gets a line here.
func sealedColumns() []vault.Column {
	return slices.Concat(
		chat.SealedColumns(), connection.SealedColumns(), idempotency.SealedColumns(), secondfactor.SealedColumns(),
	)
}

// keyring holds the encryption keys. Those in the generated file are followed, since jaspers keys rotate changes it.
func (c *Config) keyring() (*vault.Keyring, error) {
	if c.keysFile == "" {
		given, err := parseKeys(string(c.Auth.EncryptionKey), string(c.Auth.EncryptionKeysOld))
		if err != nil {
			return nil, err
		}
		return vault.NewFixed(given)
	}
	path := c.keysFile
	return vault.Follow(vault.Source{
		Load: func() (vault.Keys, error) {
			values, err := readSecretsFile(path)
			if err != nil {
				return vault.Keys{}, err
			}
			return parseKeys(values[keySetting], values[oldKeysSetting])
		},
		Stamp: func() string { return stamp(os.Stat(path)) },
	})
}

// stamp tells one state of a file from another.
func stamp(info fs.FileInfo, err error) string {
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size())
}

// parseKeys reads the key to seal with and, with commas, those that only open: HEX is v1, v2:HEX the second, and so on.
func parseKeys(current, old string) (vault.Keys, error) {
	all := vault.Keys{All: map[int][]byte{}}
	version, key, err := parseKey(keySetting, current)
	if err != nil {
		return all, err
	}
	all.Current, all.All[version] = version, key
	for part := range strings.SplitSeq(old, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		version, key, err := parseKey(oldKeysSetting, part)
		if err != nil {
			return all, err
		}
		if _, twice := all.All[version]; twice {
			return all, fmt.Errorf("there are two encryption keys v%d in %s and %s: give each a number of its own", version, keySetting, oldKeysSetting)
		}
		for other, k := range all.All {
			if slices.Equal(k, key) {
				return all, fmt.Errorf("the encryption keys v%d and v%d are the same: make a new one with: openssl rand -hex 32", min(other, version), max(other, version))
			}
		}
		all.All[version] = key
	}
	return all, nil
}

// maxVersion keeps versions short.
const maxVersion = 9999

func parseKey(setting, text string) (int, []byte, error) {
	version := 1
	if number, digits, numbered := strings.Cut(text, ":"); numbered {
		n, err := strconv.Atoi(strings.TrimPrefix(number, "v"))
		if err != nil || "v"+strconv.Itoa(n) != number || n < 1 || n > maxVersion {
			return 0, nil, fmt.Errorf("%s has a key without a version before its colon; write v2:HEX", setting)
		}
		version, text = n, digits
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != vault.KeySize {
		return 0, nil, fmt.Errorf("%s must be %d hex digits, with v2: and so on before them for later keys; make one with: openssl rand -hex 32",
			setting, 2*vault.KeySize)
	}
	if checkSecret(setting, telemetry.Secret(text)) != nil {
		return 0, nil, fmt.Errorf("%s has a key that is not random; make one with: openssl rand -hex 32", setting)
	}
	return version, key, nil
}

// formatKeys writes keys as parseKeys reads them.
func formatKeys(all vault.Keys) (current, old string) {
	write := func(version int) string { return vault.Prefix(version) + hex.EncodeToString(all.All[version]) }
	var rest []string
	for _, version := range slices.Sorted(maps.Keys(all.All)) {
		if version != all.Current {
			rest = append(rest, write(version))
		}
	}
	return write(all.Current), strings.Join(rest, ",")
}

// checkKeys refuses to work on a database of which not everything can be opened, or whose audit log cannot go on.
func (a *App) checkKeys(ctx context.Context) error {
	err := (&keys.Service{DB: a.db, Keyring: a.keyring, Columns: sealedColumns(), Audit: a.Audit}).Check(ctx)
	if err == nil {
		err = a.Audit.Check(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, lostForGood)
	}
	return nil
}
