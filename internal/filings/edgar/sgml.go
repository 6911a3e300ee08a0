package edgar

import (
	"bytes"
	"html"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// submission is a whole filing as it was sent in: a header, and all documents one behind the other.
type submission struct {
	filings.Contents
	parts []part
}

// part is a document inside of a submission; ended says that all of it is there.
type part struct {
	filings.Document
	text  []byte
	ended bool
}

// readHeaders reads the page with a filing's headers: the submission's own, as HTML, with links for the documents.
func readHeaders(page []byte, accession filings.Accession) (filings.Contents, error) {
	_, pre, found := strings.Cut(string(page), "<PRE>")
	if !found {
		return filings.Contents{}, unreadable("filing")
	}
	s, err := readSubmission([]byte(html.UnescapeString(pre)))
	if err != nil {
		return filings.Contents{}, err
	}
	return checked(s.Contents, s.Accession == accession)
}

// readSubmission reads a whole submission, or as much as there is of one.
func readSubmission(text []byte) (submission, error) {
	head, rest, found := bytes.Cut(text, []byte("</SEC-HEADER>"))
	if !found {
		if head, rest, found = bytes.Cut(text, []byte("</IMS-HEADER>")); !found {
			return submission{}, unreadable("filing")
		}
	}
	s := submission{Contents: readHeader(string(head))}
	for len(s.parts) < maxDocuments {
		var p part
		if _, rest, found = bytes.Cut(rest, []byte("<DOCUMENT>")); !found {
			break
		}
		p.text, rest, p.ended = bytes.Cut(rest, []byte("</DOCUMENT>"))
		p.read(s.Accession, len(s.parts)+1)
		s.parts = append(s.parts, p)
		s.Documents = append(s.Documents, p.Document)
	}
	return s, nil
}

// readHeader reads "NAME:   value" lines. A filer's name stands before its number.
func readHeader(head string) filings.Contents {
	var c filings.Contents
	var name string
	for line := range strings.Lines(head) {
		if value, ok := strings.CutPrefix(line, "<ACCEPTANCE-DATETIME>"); ok {
			c.Accepted = momentIn("20060102150405", strings.TrimSpace(value))
			continue
		}
		key, value, found := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); !found || value == "" {
			continue
		}
		switch strings.TrimSpace(key) {
		case "ACCESSION NUMBER":
			c.Accession, _ = filings.ParseAccession(value)
		case "CONFORMED SUBMISSION TYPE":
			c.Form = value
		case "CONFORMED PERIOD OF REPORT":
			c.Period = dayOrNil(dashed(value))
		case "FILED AS OF DATE":
			if day := dayOrNil(dashed(value)); day != nil {
				c.Filed = *day
			}
		case "COMPANY CONFORMED NAME":
			name = value
		case "CENTRAL INDEX KEY":
			if cik, err := filings.ParseCIK(value); err == nil {
				c.Filers = append(c.Filers, filings.FilerName{CIK: cik, Name: name})
			}
			name = ""
		}
	}
	return c
}

// dashed makes 2026-03-02 of 20260302.
func dashed(text string) string {
	at, err := calendar.ParseDay(text)
	if err == nil {
		return at.String()
	}
	if len(text) != 8 {
		return text
	}
	return text[:4] + "-" + text[4:6] + "-" + text[6:]
}

// read takes a document out of its tags, each of which begins a line; n is its place.
func (p *part) read(accession filings.Accession, n int) {
	head, body, found := bytes.Cut(p.text, []byte("<TEXT>"))
	p.Sequence = n
	for line := range strings.Lines(string(head)) {
		tag, value, _ := strings.Cut(strings.TrimSpace(line), ">")
		switch value = strings.TrimSpace(value); tag {
		case "<TYPE":
			p.Type = value
		case "<SEQUENCE":
			if sequence, err := strconv.Atoi(value); err == nil && sequence > 0 {
				p.Sequence = sequence
			}
		case "<FILENAME":
			p.Name = value
		case "<DESCRIPTION":
			p.Description = value
		}
	}
	if !fileName.MatchString(p.Name) {
		p.Name = nameFor(accession, p.Sequence)
	}
	p.text = nil
	if found {
		if end := bytes.LastIndex(body, []byte("</TEXT>")); end >= 0 {
			body = body[:end]
		}
		p.text = unwrapped(body)
	}
}

// unwrapped takes away the tags that stand around documents that are no plain text.
func unwrapped(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\n"))
	for _, tag := range []string{"XBRL", "XML", "PDF"} {
		if inner, ok := bytes.CutPrefix(body, []byte("<"+tag+">\n")); ok {
			body = bytes.TrimPrefix(inner, []byte("\n"))
			if end := bytes.LastIndex(body, []byte("</"+tag+">")); end >= 0 {
				body = body[:end]
			}
		}
	}
	return body
}
