package research

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// tag matches tags of HTML and comments, and whatever else a browser could take for a tag that does something, with
// attributes. "a < b" is none, nor is "Q3<Q2 while Q4>Q3".
var tag = regexp.MustCompile(`(?i)<(?:(?:` + tagNames + `)(?:[\s/][^<>]*)?|[a-z][^<>]*=[^<>]*|[/!?][^<>]*)>`)

// tagNames are the names of HTML's tags, those that it has no more among them.
const tagNames = `a|abbr|acronym|address|applet|area|article|aside|audio|b|base|bdi|bdo|big|blockquote|body|br|button|canvas|caption|center|cite|code|` +
	`col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|frame|frameset|` +
	`h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|math|menu|meta|meter|nav|noscript|` +
	`object|ol|optgroup|option|output|p|param|picture|pre|progress|q|rp|rt|ruby|s|samp|script|section|select|small|source|span|strike|strong|` +
	`style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr`

// plain makes words of somebody else's into text that is safe to show and to hand on: without tags, control characters
// and characters that are not seen, in one paragraph, and with at most so many characters.
func plain(text string, most int) string {
	const bytes = 8 // of text for each character that stays, so that work on it is bounded, too
	if len(text) > most*bytes {
		text = text[:most*bytes]
	}
	text = tag.ReplaceAllString(text, " ")
	text = tag.ReplaceAllString(html.UnescapeString(text), " ") // some are escaped once more than needed
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cc, r):
			return ' '
		case r == unicode.ReplacementChar, unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return cut(strings.Join(strings.Fields(text), " "), most)
}

// cut ends what is too long with an ellipsis.
func cut(text string, most int) string {
	characters := []rune(text)
	if len(characters) <= most {
		return text
	}
	return strings.TrimSpace(string(characters[:most-1])) + "…"
}

// maxURL is longer than any address of a story.
const maxURL = 2048

// secureURL is an address of the web that can be shown as a link; empty for any other.
func secureURL(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || len(address) > maxURL || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return u.String()
}
