package chat

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// TitleSource is whose a title is.
type TitleSource string

// A title is made from a conversation's first question until a person gives it one.
const (
	Auto   TitleSource = "auto"
	Manual TitleSource = "manual"
)

const defaultTitle = "New conversation"

// Lengths of a title that is made, in characters.
const (
	longestMade   = 60
	shortestPiece = 20 // a sentence below it, such as a greeting, says too little to stand alone
)

// titleAfter gives a session its title when its first question was asked, or another in its place, unless a person gave
// it one. The session is locked.
func (s *Service) titleAfter(ctx context.Context, tx *sql.Tx, session Session, asked Message) (err error) {
	switch {
	case session.TitleSource != Auto:
		return nil
	case asked.ParentID == nil:
		session.Title = titleOf(asked.Content)
	case session.Title == defaultTitle: // it began before titles were made
		if session.Title, err = firstTitle(ctx, tx, session); err != nil {
			return err
		}
	default:
		return nil
	}
	session.UpdatedAt = asked.CreatedAt
	if err := updateSession(ctx, tx, session); err != nil {
		return err
	}
	return s.indexTitle(ctx, tx, session)
}

// firstTitle is the title that the first question of the shown branch makes.
func firstTitle(ctx context.Context, q db.Querier, session Session) (string, error) {
	var content string
	err := q.QueryRowContext(ctx, ancestors+`select content from branch join chat_messages on id = message order by n desc limit 1`,
		session.head(), session.ID, maxBranch).Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		return defaultTitle, nil
	}
	return titleOf(content), err
}

// titleOf makes a title from a question, in its own words: the question without its markup where that is short, else its
// first sentence where that is, else as many of its words as fit.
func titleOf(question string) string {
	text := strings.TrimSpace(withoutMarkup(question))
	if text == "" {
		return defaultTitle
	}
	runes := []rune(text)
	if len(runes) <= longestMade {
		return text
	}
	for i := shortestPiece; i < longestMade; i++ {
		if endsSentence(runes, i) {
			return strings.TrimRight(string(runes[:i+1]), "。")
		}
	}
	short := strings.TrimRightFunc(string(runes[:wordEnd(runes)]), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:.-–—([{\"'“‘„«、，；：", r)
	})
	return short + "…"
}

// endsSentence tells whether a sentence ends with a character. A full stop may as well belong to a number or to "Inc.".
func endsSentence(runes []rune, i int) bool {
	switch runes[i] {
	case '?', '!':
		return runes[i+1] == ' '
	case '？', '！', '。':
		return true
	}
	return false
}

// wordEnd is where to cut a long text, with room for an ellipsis: behind a word where one ends in its second half, else
// between two characters that are not drawn as one.
func wordEnd(runes []rune) int {
	for i := longestMade - 1; i > longestMade/2; i-- {
		if runes[i] == ' ' {
			return i
		}
	}
	end := longestMade - 1
	for end > 1 && (joinsBefore(runes[end]) || runes[end-1] == zeroWidthJoiner || isFlag(runes[end]) && isFlag(runes[end-1])) {
		end--
	}
	return end
}

const zeroWidthJoiner = '\u200d'

// joinsBefore tells whether a character is drawn together with the one before it.
func joinsBefore(r rune) bool {
	return unicode.IsMark(r) || r == zeroWidthJoiner || r >= 0x1F3FB && r <= 0x1F3FF
}

func isFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// markup is what Markdown and HTML put around words, with what stays of it.
var markup = []struct {
	is    *regexp.Regexp
	stays string
}{
	{regexp.MustCompile("(?m)^[ \t]*(```|~~~).*$"), ""},
	{regexp.MustCompile(`(?m)^[ \t]*[-=*_][-=*_ \t]*$`), ""},
	{regexp.MustCompile(`(?m)^[ \t]*(?:(?:#{1,6}|>|[-*+]|\d{1,9}[.)])[ \t]+)+`), ""},
	{regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`), "$1"},
	{regexp.MustCompile(`<(https?://[^<> ]*)>`), "$1"},
	{regexp.MustCompile(`</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>|<!--[^>]*-->`), ""},
	{regexp.MustCompile("`"), ""},
	{regexp.MustCompile(`\*\*(\S(?:.*?\S)?)\*\*`), "$1"},
	{regexp.MustCompile(`~~(\S(?:.*?\S)?)~~`), "$1"},
	{regexp.MustCompile(`(^|[^\pL\pN_])__(\S(?:.*?\S)?)__($|[^\pL\pN_])`), "$1$2$3"},
	{regexp.MustCompile(`(^|[^\pL\pN*])\*([^*\s](?:[^*]*[^*\s])?)\*($|[^\pL\pN*])`), "$1$2$3"},
	{regexp.MustCompile(`(^|[^\pL\pN_])_([^_\s](?:[^_]*[^_\s])?)_($|[^\pL\pN_])`), "$1$2$3"},
}

// withoutMarkup is a text on one line, without what is not to be read.
func withoutMarkup(text string) string {
	text = strings.ReplaceAll(text, "\r", "\n")
	for _, m := range markup {
		text = m.is.ReplaceAllString(text, m.stays)
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
