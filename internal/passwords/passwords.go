// Package passwords hashes passwords, never too many at once, and refuses those that are easily guessed.
package passwords

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/semaphore"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	minLength = 8 // in characters
	// MaxBytes is where bcrypt stops reading: two passwords alike up to here would be one.
	MaxBytes = 72
	// patience is how long a sign-in waits for its turn to hash before it is turned away.
	patience = 1500 * time.Millisecond
)

// Hasher hashes with bcrypt, no more at once than there are processors: a flood of sign-ins must not starve the rest.
type Hasher struct {
	cost  int
	turns *semaphore.Weighted
	// nobody is checked when there is no such person, so that an unknown address takes as long as a known one.
	nobody string
}

// New makes a Hasher of a cost, which doubles the work with each step.
func New(cost int) (*Hasher, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("the bcrypt cost must be between %d and %d", bcrypt.MinCost, bcrypt.MaxCost)
	}
	return &Hasher{
		cost:   cost,
		turns:  semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		nobody: nobody(cost),
	}, nil
}

// Hash is what to keep of a password. Overloaded when its turn does not come in time.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	done, err := h.takeTurn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), h.cost)
	return string(hash), err
}

// Check compares; an empty hash stands for nobody and is never right, which takes as long to find out. A password that is
// not the hash's is InvalidCredentials, Overloaded when its turn does not come in time.
func (h *Hasher) Check(ctx context.Context, hash, password string) error {
	done, err := h.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	known := hash != ""
	if !known {
		hash = h.nobody
	}
	err = bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	switch {
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) || err == nil && !known:
		for _, cost := range h.missing(hash) {
			_ = bcrypt.CompareHashAndPassword([]byte(nobody(cost)), []byte(password))
		}
		return ErrWrong()
	case err != nil:
		return fmt.Errorf("the stored password hash cannot be read: %w", err)
	}
	return nil
}

// missing are the costs that a failed comparison lacks to one of today's. A hash that was made with less work would tell
// that there is such a person: 2^c + 2^c + 2^(c+1) + … is what today's costs.
func (h *Hasher) missing(hash string) []int {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return nil
	}
	var costs []int
	for ; cost < h.cost; cost++ {
		costs = append(costs, cost)
	}
	return costs
}

// nobody is a well-formed hash of nothing anybody knows: 22 characters of salt, 31 of digest.
func nobody(cost int) string {
	return fmt.Sprintf("$2a$%02d$%s", cost, strings.Repeat("m", 21)+"e"+strings.Repeat("n", 31))
}

func (h *Hasher) takeTurn(ctx context.Context) (done func(), err error) {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := h.turns.Acquire(wait, 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.New(fault.Overloaded, "too many people are signing in right now; try again in a moment").
			WithRetryAfter(patience)
	}
	return func() { h.turns.Release(1) }, nil
}

// IsOutdated tells whether a hash was made with less work than is asked for now.
func (h *Hasher) IsOutdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost < h.cost
}

// ErrWrong is the error of a wrong password, and of an address nobody has: which of them, nobody is told.
func ErrWrong() error {
	return fault.New(fault.InvalidCredentials, "the e-mail address or the password is wrong")
}

// CheckLength refuses what no stored password can be, before any work is spent on it.
func CheckLength(password, path string) error {
	if len(password) > MaxBytes {
		return fault.InvalidField(path, TooLong)
	}
	return nil
}

// TooLong says what is wrong with a password of more than MaxBytes.
const TooLong = "must have at most 72 bytes (letters beyond ASCII count for several)"

// Weakness says what is wrong with a new password, or nothing.
func Weakness(password, email string) string {
	switch {
	case len(password) > MaxBytes:
		return TooLong
	case utf8.RuneCountInString(password) < minLength:
		return "must have at least 8 characters"
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return "must be text without NUL characters"
	case isCommon(password):
		return "is one of the most common passwords; choose another"
	case containsEmail(password, email):
		return "must not contain your e-mail address"
	}
	return ""
}

// containsEmail finds the address, or the part before the @ where that is long enough to matter.
func containsEmail(password, email string) bool {
	local, _, _ := strings.Cut(email, "@")
	password = strings.ToLower(password)
	return strings.Contains(password, email) && email != "" || len(local) >= 4 && strings.Contains(password, local)
}

//go:embed common.txt
var commonPasswords string

// common is the set of stems: lower case, letters only in the sense of stem.
var common = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// leaked are the passwords that were found most often in those that became public, in lower case.
var leaked = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, password := range frequency.FrequencyLists["passwords"] {
		set[password] = true
	}
	return set
})

// isCommon tells whether a password is among those found most often, a well-known word, alone or with the usual ornaments (P4ssw0rd123!), a run of the
// keyboard, or one or two characters over and over.
func isCommon(password string) bool {
	lower := strings.ToLower(password)
	if common[lower] || common[stem(lower)] || leaked()[lower] {
		return true
	}
	distinct := map[rune]bool{}
	for _, r := range lower {
		distinct[r] = true
	}
	return len(distinct) <= 2 || isRun(lower)
}

// lookalikes undoes the usual replacements of letters.
var lookalikes = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// stem strips what people put around a word to please a rule, and undoes look-alikes.
func stem(lower string) string {
	bare := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	trimmed := strings.TrimRightFunc(lower, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) })
	if common[bare] {
		return bare
	}
	return lookalikes.Replace(trimmed)
}

// runs are rows of a keyboard and of the alphabet.
var runs = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm"}

// isRun tells whether the whole password walks along a row, forwards or backwards.
func isRun(lower string) bool {
	backwards := []rune(lower)
	for i, j := 0, len(backwards)-1; i < j; i, j = i+1, j-1 {
		backwards[i], backwards[j] = backwards[j], backwards[i]
	}
	for _, run := range runs {
		if strings.Contains(run+run, lower) || strings.Contains(run+run, string(backwards)) {
			return true
		}
	}
	return false
}
