package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

// markdown writes a conversation to be read. What people, models and sources said is shown as it was written, in quotes
// and fences that it cannot leave: none of it is a heading, a link, an image or HTML of the file.
func (c Conversation) markdown(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "# %s\n\nBegun %s, written to this file %s.\n", inline(c.Session.Title), stamp(c.Session.CreatedAt), stamp(c.At)); err != nil {
		return err
	}
	for m, err := range c.Messages {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, section(m)); err != nil {
			return err
		}
	}
	return nil
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// section is one message with all that belongs to it.
func section(m chat.Message) string {
	var b strings.Builder
	who := "You"
	if m.Role == llm.Assistant {
		who = "Jaspers"
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) }
	say("\n## %s, %s\n\n", who, stamp(m.CreatedAt))
	if n := len(m.Versions); n > 1 {
		say("Version %d of %d.\n\n", place(m), n)
	}
	if m.Content != "" {
		b.WriteString(quote(m.Content))
	}
	if m.Status != chat.Complete {
		say("\nStatus: %s.", inline(string(m.Status)))
		if m.Error != nil {
			say(" %s (%s)", inline(m.Error.Message), inline(m.Error.Code))
		}
		b.WriteString("\n")
	}
	if len(m.Citations) > 0 {
		b.WriteString("\nSources:\n\n")
		for _, c := range m.Citations {
			b.WriteString(source(c))
		}
	}
	for _, call := range m.ToolCalls {
		b.WriteString(toolCall(call))
	}
	if u := m.Usage; u != nil {
		say("\nModel %s; %d tokens in, %d out, %d read from the cache, %d written to it; %s USD; %.1f s.\n",
			inline(orNone(u.Model)), u.Input, u.Output, u.CacheRead, u.CacheWrite, u.CostUSD, float64(u.DurationMs)/1000)
	}
	return b.String()
}

// place is which of its versions a message is, from 1.
func place(m chat.Message) int {
	for i, id := range m.Versions {
		if id == m.ID {
			return i + 1
		}
	}
	return 1
}

// source is a citation's line of the list, under the number that the text has for it.
func source(c prose.Citation) string {
	asOf := "as of an unknown time"
	if c.AsOf != nil {
		asOf = "as of " + stamp(*c.AsOf)
	}
	return fmt.Sprintf("- \\[%d\\] %s: %s, %s (%s)\n", c.Index, inline(orNone(c.Source)), inline(orNone(c.Title)), asOf, inline(c.Tool))
}

func orNone(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

func toolCall(call chat.ToolCall) string {
	text := fmt.Sprintf("\nTool %s (%s), %s, %d ms:\n\n%s", inline(call.Name), inline(call.Handle), stamp(call.StartedAt), call.DurationMs, fenced(call.Input))
	if call.Error != nil {
		return text + fmt.Sprintf("\nIt failed: %s (%s)\n", inline(call.Error.Message), inline(call.Error.Code))
	}
	return text + "\n" + fenced(call.Output)
}

// fenced is JSON between fences that are longer than any run of their sign within.
func fenced(text json.RawMessage) string {
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil { // an accident: it is shown as it is
		pretty.Reset()
		pretty.Write(text)
	}
	body := visible(pretty.String())
	longest, run := 2, 0
	for _, r := range body {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	return fence + "json\n" + body + "\n" + fence + "\n"
}

// quote is a text as a block quote, line by line.
func quote(text string) string {
	lines := strings.Split(visible(text), "\n")
	var b strings.Builder
	for i, line := range lines {
		line = strings.TrimRight(line, " \t")
		b.WriteString(strings.TrimRight("> "+literal(line), " "))
		if line != "" && i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
			b.WriteString(`\`) // the line ends here
		}
		b.WriteString("\n")
	}
	return b.String()
}

// inline is a text on one line of ours.
func inline(text string) string {
	return literal(strings.Join(strings.Fields(visible(text)), " "))
}

// visible is a text whose lines end with \n only, without signs that are not to be seen and may turn around what is.
func visible(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u200d' || r == '\u200c':
			return r
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\v' || r == '\f':
			return '\n'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
}

var (
	// always are signs that mean something wherever they stand: of emphasis, code, links, HTML, entities, tables, formulas and
	// mentions.
	always = regexp.MustCompile("[\\\\`*_\\[\\]<>&|~$@^]")
	// first are those that mean something where a line begins.
	first = regexp.MustCompile(`^([#+=:-])`)
	// number begins a list.
	number = regexp.MustCompile(`^(\d+)([.)])`)
	// address is what some programs make a link of though nobody marked it.
	address = regexp.MustCompile(`(?i)(www)\.|([a-z]):(//)`)
	indent  = regexp.MustCompile(`^[ \t]+`)
	// last would end a heading, and not be shown.
	last = regexp.MustCompile(`#$`)
)

// literal is a line as Markdown that is read as exactly this line.
func literal(line string) string {
	margin := indent.FindString(line)
	line = always.ReplaceAllString(line[len(margin):], `\$0`)
	line = first.ReplaceAllString(line, `\$1`)
	line = last.ReplaceAllString(line, `\#`)
	line = number.ReplaceAllString(line, `$1\$2`)
	line = address.ReplaceAllStringFunc(line, func(found string) string {
		if strings.HasSuffix(found, ".") {
			return found[:len(found)-1] + `\.`
		}
		return strings.Replace(found, ":", `\:`, 1)
	})
	margin = strings.ReplaceAll(margin, "\t", "    ")
	return strings.ReplaceAll(margin, " ", "&nbsp;") + line
}
