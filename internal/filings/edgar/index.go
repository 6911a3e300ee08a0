package edgar

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// The page of a filing is made by a program and always of one form.
var (
	infoPair   = regexp.MustCompile(`(?s)<div class="infoHead">(.*?)</div>\s*<div class="info">(.*?)</div>`)
	indexForm  = regexp.MustCompile(`<strong>\s*Form ([^<]+)</strong>`)
	indexRow   = regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`)
	indexCell  = regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`)
	indexLink  = regexp.MustCompile(`<a\s[^>]*href="([^"]*)"`)
	indexFiler = regexp.MustCompile(`(?s)<span class="companyName">(.*?)(?:<acronym|CIK:).*?\b(\d{10})\b`)
	filerRole  = regexp.MustCompile(`\s*\([A-Za-z ]+\)\s*$`)
	indexItem  = regexp.MustCompile(`^Item\s+(\d+(?:\.\d+)?):?\s*(.*)$`)
	anyTag     = regexp.MustCompile(`<[^>]*>`)
)

const (
	// maxDocuments bounds what a filing is believed to hold.
	maxDocuments = 5000
	// maxIndex bounds how much of a filing's page is read: one with a thousand documents has half a megabyte.
	maxIndex = 2 << 20
)

// readIndex reads the page of a filing.
func readIndex(page []byte, accession filings.Accession) (filings.Contents, error) {
	text := string(page[:min(len(page), maxIndex)])
	c := filings.Contents{Accession: accession}
	if m := indexForm.FindStringSubmatch(text); m != nil {
		c.Form = plain(m[1])
	}
	for _, m := range infoPair.FindAllStringSubmatch(text, 50) {
		value := plain(m[2])
		switch plain(m[1]) {
		case "Filing Date":
			if day := dayOrNil(value); day != nil {
				c.Filed = *day
			}
		case "Accepted":
			c.Accepted = momentIn("2006-01-02 15:04:05", value)
		case "Period of Report":
			c.Period = dayOrNil(value)
		case "Items":
			c.Items = listedItems(m[2])
		}
	}
	for _, m := range indexRow.FindAllStringSubmatch(text, maxDocuments) {
		if d, ok := indexDocument(m[1], accession); ok && !contains(c.Documents, d.Name) {
			c.Documents = append(c.Documents, d)
		}
	}
	for _, m := range indexFiler.FindAllStringSubmatch(text, 1000) {
		if cik, err := filings.ParseCIK(m[2]); err == nil {
			c.Filers = append(c.Filers, filings.FilerName{CIK: cik, Name: filerRole.ReplaceAllString(plain(m[1]), "")})
		}
	}
	return checked(c, strings.Contains(text, string(accession)))
}

// checked is c when it says what a filing must: a form, a day, somebody whose it is, and a document.
func checked(c filings.Contents, itself bool) (filings.Contents, error) {
	if !itself || c.Form == "" || c.Filed == (calendar.Day{}) || len(c.Filers) == 0 || len(c.Documents) == 0 {
		return filings.Contents{}, unreadable("filing")
	}
	return c, nil
}

// indexDocument reads a row of five cells: sequence, description, document, type, size. The whole submission, which has no
// sequence, is no document.
func indexDocument(row string, accession filings.Accession) (filings.Document, bool) {
	cells := indexCell.FindAllStringSubmatch(row, 6)
	if len(cells) != 5 {
		return filings.Document{}, false
	}
	sequence, err := strconv.Atoi(plain(cells[0][1]))
	if err != nil || sequence < 1 {
		return filings.Document{}, false
	}
	size, err := strconv.ParseInt(plain(cells[4][1]), 10, 64)
	if err != nil || size < 0 {
		size = 0
	}
	d := filings.Document{Sequence: sequence, Description: plain(cells[1][1]), Type: plain(cells[3][1]), Size: size}
	if m := indexLink.FindStringSubmatch(cells[2][1]); m != nil {
		address := html.UnescapeString(m[1])
		d.Name = address[strings.LastIndexByte(address, '/')+1:]
	}
	switch {
	case d.Name == "":
		d.Name = nameFor(accession, sequence)
	case !fileName.MatchString(d.Name):
		return filings.Document{}, false
	}
	return d, true
}

// plain is the text of a piece of HTML, on one line.
func plain(piece string) string {
	return strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(piece, " "))), " ")
}

// listedItems reads lines such as "Item 5.02: Departure of Directors".
func listedItems(piece string) []filings.ListedItem {
	var all []filings.ListedItem
	for line := range strings.SplitSeq(strings.ReplaceAll(piece, "<br />", "<br>"), "<br>") {
		if m := indexItem.FindStringSubmatch(plain(line)); m != nil {
			all = append(all, filings.ListedItem{Key: m[1], Title: m[2]})
		}
	}
	return all
}

// momentIn reads a time of New York. One at midnight stands for a day whose hour nobody kept.
func momentIn(layout, text string) *time.Time {
	at, err := time.Parse(layout, text)
	if err != nil || at.Hour()+at.Minute()+at.Second() == 0 {
		return nil
	}
	day := calendar.Day{Year: at.Year(), Month: at.Month(), Day: at.Day()}
	there := day.At(at.Hour(), at.Minute()).Add(time.Duration(at.Second()) * time.Second).UTC()
	return &there
}

func contains(documents []filings.Document, name string) bool {
	for _, d := range documents {
		if d.Name == name {
			return true
		}
	}
	return false
}

// readFolder reads the sizes of the files in a filing's folder. The type it gives with each is that of an icon.
func readFolder(answer *upstream.Answer) (map[string]int64, error) {
	var body struct {
		Directory struct {
			Item []struct {
				Name string `json:"name"`
				Size string `json:"size"`
			} `json:"item"`
		} `json:"directory"`
	}
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	if len(body.Directory.Item) == 0 {
		return nil, answer.Useless(unreadable("files"))
	}
	sizes := map[string]int64{}
	for _, item := range body.Directory.Item {
		size, err := strconv.ParseInt(item.Size, 10, 64)
		if fileName.MatchString(item.Name) && err == nil && size >= 0 {
			sizes[item.Name] = size
		}
	}
	return sizes, nil
}
