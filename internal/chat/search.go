package chat

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// Found is a title or a message that has the words that were looked for.
type Found struct {
	SessionID string     `json:"sessionId" format:"uuid"`
	Title     string     `json:"title" doc:"The conversation's"`
	MessageID *string    `json:"messageId" format:"uuid" doc:"Null where the title has the words. The message may be on a branch that is not shown."`
	Role      *llm.Role  `json:"role" enum:"user,assistant"`
	At        time.Time  `json:"at" doc:"When it was written"`
	Snippet   string     `json:"snippet" doc:"The words with what stands around them: plain text on one line, with an ellipsis where more stands before or after"`
	Matches   []Interval `json:"matches" doc:"Where in the snippet the words are, in order"`
}

// Interval is a part of a text, in characters (Unicode code points) from its beginning.
type Interval struct {
	Start int `json:"start"`
	End   int `json:"end" doc:"Of the first character behind it"`
}

const (
	maxQuery   = 200 // characters
	maxWords   = 20  // looked for at once
	maxIndexed = 20_000
	// longestWord is how many letters of a word are compared.
	longestWord = 48
)

// Search finds the user's messages, and the titles they gave, that have all words of a query, the last of them perhaps only begun, and
// returns a page of them, the newest first, and the cursor of the next page, which is empty on the last. Case and accents
// do not matter, and no sign in the query means anything. Messages on all branches are found, answers once they ended. It
// is Invalid where the query has no word, or is too long.
func (s *Service) Search(ctx context.Context, userID, query string, limit int, cursor string) ([]Found, string, error) {
	wanted := wordsOf(query, maxWords)
	switch {
	case utf8.RuneCountInString(query) > maxQuery:
		return nil, "", fault.InvalidField("query.q", fmt.Sprintf("must be at most %d characters", maxQuery))
	case len(wanted) == 0:
		return nil, "", fault.InvalidField("query.q", "must have a word in it: letters or digits")
	}
	at, id, err := readCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	found, err := s.selectFound(ctx, userID, wanted, at, id, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("search conversations: %w", err)
	}
	if len(found) <= limit {
		return found, "", nil
	}
	last := found[limit-1]
	next := last.SessionID
	if last.MessageID != nil {
		next = *last.MessageID
	}
	return found[:limit], writeCursor(last.At, next), nil
}

func (s *Service) selectFound(ctx context.Context, userID string, wanted []string, at time.Time, id string, limit int) ([]Found, error) {
	groups := [][]string{{ownerWord(userID)}}
	for _, word := range wanted[:len(wanted)-1] {
		groups = append(groups, []string{word})
	}
	match := s.DB.WordsBegun(wanted[len(wanted)-1], groups...)
	rows, err := s.DB.Read().QueryContext(ctx, `select t.session_id, s.title, t.message_id, m.role, m.content, t.at
		from chat_words join chat_texts t on t.number = chat_words.rowid join chat_sessions s on s.id = t.session_id
		left join chat_messages m on m.id = t.message_id
		where `+s.DB.WordsMatch("chat_words", "$1")+` and s.user_id = $2 and (t.at, coalesce(t.message_id, t.session_id)) < ($3, $4)
		order by t.at desc, coalesce(t.message_id, t.session_id) desc limit $5`, match, userID, at, id, limit)
	return db.Collect(rows, err, func(scan func(...any) error) (f Found, err error) {
		var content *string
		if err := scan(&f.SessionID, &f.Title, &f.MessageID, &f.Role, &content, &f.At); err != nil {
			return f, err
		}
		f.At = f.At.UTC()
		if content == nil {
			content = &f.Title
		}
		f.Snippet, f.Matches = snippet(*content, wanted)
		return f, nil
	})
}

// index makes a message findable that is whole, if it is not yet. Whoever locks its row first does it.
func (s *Service) index(ctx context.Context, tx *sql.Tx, messageID string) error {
	ours, err := changesOne(tx.ExecContext(ctx, `update chat_messages set findable = true
		where id = $1 and not findable and status <> 'running'`, messageID))
	if err != nil || !ours {
		return err
	}
	var sessionID, userID, content string
	var at time.Time
	err = tx.QueryRowContext(ctx, `select m.session_id, s.user_id, m.content, m.created_at
		from chat_messages m join chat_sessions s on s.id = m.session_id where m.id = $1`, messageID).Scan(&sessionID, &userID, &content, &at)
	if err != nil {
		return err
	}
	return s.insertText(ctx, tx, userID, sessionID, &messageID, content, at)
}

// indexTitle makes a session findable by its title as it is now. One that we made is in the words of the first question,
// which is found itself.
func (s *Service) indexTitle(ctx context.Context, tx *sql.Tx, session Session) error {
	if _, err := tx.ExecContext(ctx, `delete from chat_texts where session_id = $1 and message_id is null`, session.ID); err != nil {
		return err
	}
	var userID string
	err := tx.QueryRowContext(ctx, `update chat_sessions set findable = true where id = $1 returning user_id`, session.ID).Scan(&userID)
	if err != nil || session.TitleSource == Auto {
		return err
	}
	return s.insertText(ctx, tx, userID, session.ID, nil, session.Title, session.UpdatedAt)
}

func (s *Service) insertText(ctx context.Context, tx *sql.Tx, userID, sessionID string, messageID *string, text string, at time.Time) error {
	found := wordsOf(text, maxIndexed)
	if len(found) == 0 {
		return nil
	}
	var number int64
	err := tx.QueryRowContext(ctx, `insert into chat_texts (session_id, message_id, at) values ($1, $2, $3) returning number`,
		sessionID, messageID, at).Scan(&number)
	if err != nil {
		return err
	}
	query := `insert into chat_words (rowid, user_id, words) values ($1, $2, ` + s.DB.WordsValue("$3") + `)` // #nosec G202 -- a constant and a placeholder
	_, err = tx.ExecContext(ctx, query, number, userID, db.WordsText(append(found, ownerWord(userID))))
	return err
}

// ownerWord is in all texts of one person's and in no text that a person writes: those words are shorter or are cut.
func ownerWord(userID string) string {
	return "xowner" + strings.ReplaceAll(userID, "-", "") + strings.Repeat("x", longestWord)
}

// catchUpAtOnce bounds a transaction's work.
const catchUpAtOnce = 200

// CatchUp makes findable, and gives its place on a branch, what was written by a version that did not do so. Any number of
// processes may call it at once. Where there is nothing to do it costs next to nothing; call it every few seconds.
func (s *Service) CatchUp(ctx context.Context) error {
	for {
		n, err := s.catchUpSome(ctx)
		if err != nil {
			return fmt.Errorf("index conversations: %w", err)
		}
		if n < catchUpAtOnce {
			return nil
		}
	}
}

// catchUpSome does a part and returns how much of one kind, at most, it found to do.
func (s *Service) catchUpSome(ctx context.Context) (most int, err error) {
	for _, kind := range []struct {
		query string
		do    func(ctx context.Context, tx *sql.Tx, id string) error
	}{
		{`select distinct session_id from chat_messages where parent_id is null limit $1`, adopt},
		{`select id from chat_messages where not findable and status <> 'running' order by id limit $1`, s.index},
		{`select id from chat_sessions where not findable order by id limit $1`, s.indexOldTitle},
	} {
		rows, err := s.DB.Read().QueryContext(ctx, kind.query, catchUpAtOnce)
		ids, err := db.Collect(rows, err, scanID)
		if err != nil || len(ids) == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		most = max(most, len(ids))
		err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
			for _, id := range ids {
				if err := kind.do(ctx, tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return most, nil
}

// indexOldTitle does nothing where another process was first, or the session is gone.
func (s *Service) indexOldTitle(ctx context.Context, tx *sql.Tx, sessionID string) error {
	ours, err := changesOne(tx.ExecContext(ctx, `update chat_sessions set findable = true where id = $1 and not findable`, sessionID))
	if err != nil || !ours {
		return err
	}
	session, err := scanSession(tx.QueryRowContext(ctx, `select `+sessionColumns+` from chat_sessions where id = $1`, sessionID).Scan)
	if err != nil {
		return err
	}
	return s.indexTitle(ctx, tx, session)
}

// wordsOf are the different words of a text as they are compared, in the order in which they come first, at most so many;
// the last word of the text is the last.
func wordsOf(text string, most int) []string {
	var all []string
	seen := map[string]bool{}
	last := ""
	eachWord(text, func(word string, _, _ int) bool {
		if last = word; !seen[word] {
			seen[word] = true
			all = append(all, word)
		}
		return len(all) < most
	})
	if i := slices.Index(all, last); i >= 0 {
		all = append(slices.Delete(all, i, i+1), last)
	}
	return all
}

// eachWord calls visit with each word of a text, as it is compared, and its place in bytes, until it says no.
func eachWord(text string, visit func(word string, start, end int) bool) {
	for from := 0; from < len(text); {
		some := words.Split(text[from:])
		for _, w := range some {
			word := compared(w)
			if word != "" && !visit(word, from+w.Start, from+w.End) {
				return
			}
		}
		if len(some) < words.Most {
			return
		}
		from += some[len(some)-1].End
	}
}

// compared is a word without what may be written in more than one way; empty where it is none.
func compared(w words.Word) string {
	if w.Kind == words.Sign {
		return ""
	}
	n := 0
	return strings.Map(func(r rune) rune {
		if n == longestWord || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		n++
		return r
	}, w.Text)
}

// Lengths around the first word of a snippet, in characters.
const (
	snippetBefore = 60
	snippetLength = 200
)

// snippet is a part of a text that begins somewhat before the first of the words, and where they are in it. The last word
// may be the beginning of one.
func snippet(text string, wanted []string) (string, []Interval) {
	begun := wanted[len(wanted)-1]
	var places []Interval // in bytes
	eachWord(text, func(word string, start, end int) bool {
		if strings.HasPrefix(word, begun) || slices.Contains(wanted, word) {
			places = append(places, Interval{start, end})
		}
		return len(places) == 0 || start < places[0].Start+snippetLength*utf8.UTFMax
	})
	from := 0
	if len(places) > 0 {
		from = back(text, places[0].Start, snippetBefore)
	}
	to := from + len(firstRunes(text[from:], snippetLength))
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	matches, n, at := []Interval{}, utf8.RuneCountInString(b.String()), from
	for _, p := range places {
		if p.End > to {
			break
		}
		n += utf8.RuneCountInString(text[at:p.Start])
		start := n
		n += utf8.RuneCountInString(text[p.Start:p.End])
		matches, at = append(matches, Interval{start, n}), p.End
	}
	b.WriteString(oneLine(text[from:to]))
	if to < len(text) {
		b.WriteString("…")
	}
	return b.String(), matches
}

// back is the place of n characters before at, or of the first word behind it.
func back(text string, at, n int) int {
	from := at
	for ; n > 0 && from > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:from])
		from -= size
	}
	if space := strings.IndexFunc(text[from:at], unicode.IsSpace); from > 0 && space >= 0 {
		from += space
		_, size := utf8.DecodeRuneInString(text[from:])
		from += size
	}
	return from
}

func firstRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// oneLine puts a blank in the place of each character that would not be one, so that places stay.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner {
			return ' '
		}
		return r
	}, text)
}
