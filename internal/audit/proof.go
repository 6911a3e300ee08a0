package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// personalMAC proves what may be erased with the account.
func (l *Log) personalMAC(r row) string {
	return l.mac("personal", r.ID, presence(r.Address), presence(r.UserAgent), presence(r.Details))
}

// rowMAC proves a row: every column of it, those that may be erased by way of their own proof.
func (l *Log) rowMAC(r row) string {
	return l.mac("row", r.ID, r.At.UTC().Format(time.RFC3339Nano), string(r.Action), string(r.Outcome), presence(r.UserID),
		string(r.Actor), presence(r.ActorID), presence(r.Target), r.CorrelationID, r.PersonalMAC)
}

// link proves that a row stands at a place, and what stands at all places before it.
func (l *Log) link(seq int64, previous, logID, rowMAC string) string {
	return l.mac("link", strconv.FormatInt(seq, 10), previous, logID, rowMAC)
}

// headMAC proves where the chain ends.
func (l *Log) headMAC(h Head) string {
	return l.mac("head", strconv.FormatInt(h.Seq, 10), h.Link)
}

// mac proves that the words were written by who holds the key. Each is preceded by its length, so that no two lists of
// words look alike.
func (l *Log) mac(words ...string) string {
	var text []byte
	for _, w := range words {
		text = strconv.AppendInt(text, int64(len(w)), 10)
		text = append(append(text, ':'), w...)
	}
	h := hmac.New(sha256.New, l.key)
	_, _ = h.Write(text) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// same compares two proofs without telling by its time how much of them is right.
func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// presence tells nothing from an empty text.
func presence(s *string) string {
	if s == nil {
		return "-"
	}
	return "=" + *s
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is empty for nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// maxText is how much of a text from outside is kept, in bytes.
const maxText = 200

// line is s as one line that prints as it is, of at most maxText bytes: what a client sends must not draw on the
// terminal of who reads the log, or look like two rows of it.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.TrimSpace(s)
}
