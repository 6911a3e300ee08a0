// Package transcript writes a conversation as a file to keep: Markdown for people, JSON for programs.
package transcript

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"mime"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/chat"
)

// Conversation is what is written. Messages come in order and are not kept, so that there may be any number.
type Conversation struct {
	Session  chat.Session
	Messages iter.Seq2[chat.Message, error]
	At       time.Time // of the export
}

// JSONFormat names the form of the JSON file. What is in it is only added to; where anything else changes, so does this.
const JSONFormat = "jaspers.conversation/1"

// Format is a kind of file.
type Format string

// The formats.
const (
	Markdown Format = "markdown"
	JSON     Format = "json"
)

// MediaType is the file's as HTTP names it.
func (f Format) MediaType() string {
	if f == JSON {
		return "application/json"
	}
	return "text/markdown; charset=utf-8"
}

// Write writes a conversation, message by message. What was written before an error is not whole.
func (c Conversation) Write(w io.Writer, f Format) error {
	out := bufio.NewWriterSize(w, 32<<10)
	write := c.markdown
	if f == JSON {
		write = c.json
	}
	if err := write(out); err != nil {
		return err
	}
	return out.Flush()
}

// json writes an object of format, exportedAt, session and messages, these one a line, each as the API has it.
func (c Conversation) json(w io.Writer) error {
	session, err := json.Marshal(c.Session)
	if err != nil {
		return err
	}
	at, err := json.Marshal(c.At.UTC())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "{\"format\":%q,\"exportedAt\":%s,\"session\":%s,\"messages\":[", JSONFormat, at, session); err != nil {
		return err
	}
	between := "\n"
	for m, err := range c.Messages {
		if err != nil {
			return err
		}
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, between+string(line)); err != nil {
			return err
		}
		between = ",\n"
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

// longestName is how many characters of a title are in a file's name.
const longestName = 60

// Disposition is the header that has a browser keep the file, under a name that is one on every system: letters and
// digits of the title, and the day.
func (c Conversation) Disposition(f Format) string {
	ending := ".md"
	if f == JSON {
		ending = ".json"
	}
	var name strings.Builder
	name.WriteString("jaspers")
	n, apart := 0, true
	for _, r := range c.Session.Title {
		switch word := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r); {
		case n == longestName:
		case word && apart:
			name.WriteByte('-')
			fallthrough
		case word:
			name.WriteRune(unicode.ToLower(r))
			n, apart = n+1, false
		default:
			apart = true
		}
	}
	name.WriteString("-" + c.At.UTC().Format(time.DateOnly) + ending)
	return mime.FormatMediaType("attachment", map[string]string{"filename": name.String()})
}
