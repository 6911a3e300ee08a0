package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jaspers-ai/jaspers/internal/files"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// KeyStatus tells which encryption keys there are, how much is sealed with each, and what to do next.
func KeyStatus(ctx context.Context, cfg Config, out io.Writer) error {
	return operate(ctx, cfg, out, func(ctx context.Context, o *operator) error {
		ring := o.keys.Keyring
		where := "the environment"
		if o.keysFile != "" {
			where = o.keysFile
		}
		o.printf("Encryption keys from %s:", where)
		for _, v := range ring.Versions() {
			if v == ring.Current() {
				o.printf("  v%d  seals new values", v)
				continue
			}
			o.printf("  v%d  opens what it sealed", v)
		}
		usages, err := o.keys.Count(ctx)
		if err != nil {
			return err
		}
		o.printf("Sealed values:")
		outdated, foreign := 0, 0
		for _, u := range usages {
			name := "v" + strconv.Itoa(u.Version)
			if u.Version == 0 {
				name, foreign = "??", foreign+u.Values
			}
			if u.Version != ring.Current() {
				outdated += u.Values
			}
			o.printf("  %s  %v: %d", name, u.Column, u.Values)
		}
		if len(usages) == 0 {
			o.printf("  none")
		}
		if err := o.keys.Check(ctx); err != nil && foreign == 0 {
			o.printf("Next: the server does not start as it is: %v; %s", err, lostForGood)
			return nil
		}
		o.printf("Next: %s", o.next(len(ring.Versions()), outdated, foreign))
		return nil
	})
}

// next says what an operator has to do.
func (o *operator) next(versions, outdated, foreign int) string {
	switch {
	case foreign > 0:
		return "some values are sealed with a key that is not here; bring it back, the server does not start without it."
	case outdated > 0 || versions > 1 && o.keysFile != "":
		return "jaspers keys rotate seals everything with the newest key."
	case versions > 1:
		return "once every process seals with the newest key, take the others out of " + oldKeysSetting + " and restart."
	case o.keysFile != "":
		return "nothing; jaspers keys rotate makes a new key and seals everything with it."
	}
	return "nothing; for a new key see jaspers keys rotate."
}

// RotateKeys seals everything with a new key while the server runs, and takes the old one away when nothing needs it any
// more. Killed, it goes on where it was when it is called again. Where the keys are given by the environment, the new one
// has to be there already, and taking the old one away is the operator's.
func RotateKeys(ctx context.Context, cfg Config, out io.Writer) error {
	return operate(ctx, cfg, out, func(ctx context.Context, o *operator) error {
		if err := o.keys.Check(ctx); err != nil { // before a new key stands beside one that is wrong
			return fmt.Errorf("%w; %s", err, lostForGood)
		}
		if o.keysFile == "" {
			return o.rotateGiven(ctx)
		}
		unlock, err := files.Lock(ctx, o.keysFile+rotateLock) // a second one would wait for values the first has in hand
		if err != nil {
			return err
		}
		defer unlock()
		return o.rotateFile(ctx)
	})
}

// rotateLock ends the name of the file by which a rotation keeps others from the keys.
const rotateLock = ".rotate.lock"

func (o *operator) rotateFile(ctx context.Context) error {
	began, err := o.addKey(ctx)
	if err != nil {
		return err
	}
	version := "v" + strconv.Itoa(o.keys.Keyring.Current())
	if began {
		o.printf("Key %s is in %s; running servers notice it by themselves.", version, o.keysFile)
		err = o.keys.Record(ctx, map[string]string{"step": "begin", "to": version})
	} else {
		o.printf("Going on with the rotation to %s.", version)
	}
	if err != nil {
		return err
	}
	if err := o.reseal(ctx); err != nil {
		return err
	}
	if err := o.retire(ctx); err != nil {
		return err
	}
	o.printf("Done: everything is sealed with %s, and no other key is kept. Make a new backup of %s.", version, o.keysFile)
	_, err = o.audit.Seal(ctx) // where no server runs
	return err
}

// addKey puts a new key into the file, unless a rotation that was cut short did so; then it reports false.
func (o *operator) addKey(ctx context.Context) (began bool, err error) {
	err = editSecretsFile(ctx, o.keysFile, func(values map[string]string) (map[string]string, error) {
		all, err := parseKeys(values[keySetting], values[oldKeysSetting])
		if began = len(all.All) == 1; err != nil || !began {
			return nil, err
		}
		all.Current++
		if all.All[all.Current], err = hex.DecodeString(randomHex()); err != nil {
			return nil, err
		}
		current, old := formatKeys(all)
		return map[string]string{keySetting: current, oldKeysSetting: old}, nil
	})
	if err != nil {
		return began, fmt.Errorf("put a new key into %s: %w", o.keysFile, err)
	}
	// A keyring of our own, made after the change: the one we have might notice it a second later.
	o.keys.Keyring, err = o.keyring()
	return began, err
}

// reseal goes over everything until a whole pass, begun when every process seals with the current key, found nothing.
func (o *operator) reseal(ctx context.Context) error {
	total, err := o.keys.Outdated(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(vault.Notice):
	}
	done := 0
	for {
		shown := done
		pass, err := o.keys.Reseal(ctx, func(n int) {
			if n+done >= shown+progressStep {
				shown = n + done
				o.printf("  %d of %d values", shown, max(total, shown))
			}
		})
		if err != nil {
			return err
		}
		if pass.Unreadable > 0 {
			return fmt.Errorf("%d values cannot be opened with any key, the first in %s: they were changed or copied from elsewhere; "+
				"the old key is kept until they are replaced: a connection made anew, a second factor taken away, a kept answer a day old", pass.Unreadable, pass.First)
		}
		if done += pass.Resealed; pass.Resealed == 0 {
			o.printf("  %d values sealed anew", done)
			return nil
		}
	}
}

// progressStep is how many values are sealed anew between two words about it.
const progressStep = 1000

// errStillNeeded is when a key was to be retired that somebody still sealed with.
var errStillNeeded = errors.New("something was sealed with an old key meanwhile, so it is kept; run jaspers keys rotate again")

// retire takes all keys but the current one out of the file.
func (o *operator) retire(ctx context.Context) error {
	return editSecretsFile(ctx, o.keysFile, func(values map[string]string) (map[string]string, error) {
		all, err := parseKeys(values[keySetting], values[oldKeysSetting])
		if err != nil {
			return nil, err
		}
		n, err := o.keys.Outdated(ctx)
		if err != nil {
			return nil, err
		}
		if n > 0 || all.Current != o.keys.Keyring.Current() {
			return nil, errStillNeeded
		}
		err = o.keys.Record(ctx, map[string]string{"step": "retire", "to": "v" + strconv.Itoa(all.Current)})
		return map[string]string{oldKeysSetting: ""}, err
	})
}

func (o *operator) rotateGiven(ctx context.Context) error {
	ring := o.keys.Keyring
	if len(ring.Versions()) == 1 {
		next := ring.Current() + 1
		return fmt.Errorf("the keys come from the environment, so the new one has to be there first. Make HEX with openssl rand -hex 32. "+
			"Give every process %[1]s=v%[2]d:HEX beside the present %[3]s and restart it; then make v%[2]d:HEX the %[3]s and the present key, "+
			"as v%[4]d:…, the %[1]s, and restart again; then run this command with the same settings", oldKeysSetting, next, keySetting, ring.Current())
	}
	version := "v" + strconv.Itoa(ring.Current())
	if err := o.keys.Record(ctx, map[string]string{"step": "begin", "to": version}); err != nil {
		return err
	}
	if err := o.reseal(ctx); err != nil {
		return err
	}
	if err := o.keys.Record(ctx, map[string]string{"step": "sealed", "to": version}); err != nil {
		return err
	}
	o.printf("Done: everything is sealed with %s. If every process was restarted with it before this began, take the other keys out of %s and restart.",
		version, oldKeysSetting)
	_, err := o.audit.Seal(ctx)
	return err
}
