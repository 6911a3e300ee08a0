package edgar

import (
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const fuzzed filings.Accession = "0000320193-24-000123"

// FuzzFiling reads anything as each of the pages a filing is read from. What is read has what a filing must have, and only
// names that are files'.
func FuzzFiling(f *testing.F) {
	f.Add([]byte(string(fuzzed) + `<strong>Form 10-K</strong><div class="infoHead">Filing Date</div><div class="info">2024-11-01</div>` +
		`<span class="companyName">X (Filer) <acronym>CIK</acronym><a href="?CIK=0000320193">` +
		`<tr><td>1</td><td>x</td><td><a href="/a/b.htm">x</a></td><td>10-K</td><td>1</td></tr>`))
	f.Add([]byte("<PRE><SEC-HEADER>\nACCESSION NUMBER: " + string(fuzzed) + "\nCONFORMED SUBMISSION TYPE: 8-K\nFILED AS OF DATE: 20240119\n" +
		"COMPANY CONFORMED NAME: X\nCENTRAL INDEX KEY: 0001796514\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<FILENAME>a.htm\n<TEXT>\n<XML>\nhello</XML></TEXT></DOCUMENT>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range []func([]byte, filings.Accession) (filings.Contents, error){readIndex, readHeaders} {
			c, err := read(text, fuzzed)
			if err == nil {
				checkContents(t, c)
			}
		}
		if s, err := readSubmission(text); err == nil {
			size := 0
			for _, p := range s.parts {
				if !fileName.MatchString(p.Name) && p.Name != nameFor(s.Accession, p.Sequence) {
					t.Errorf("got the name %q", p.Name)
				}
				size += len(p.text)
			}
			if size > len(text) {
				t.Errorf("got %d bytes out of %d", size, len(text))
			}
		}
		_, _ = readFolder(&upstream.Answer{Body: text})
	})
}

func checkContents(t *testing.T, c filings.Contents) {
	t.Helper()
	if c.Accession != fuzzed || c.Form == "" || c.Filed == (calendar.Day{}) || len(c.Filers) == 0 || len(c.Documents) == 0 {
		t.Errorf("got %+v, which is no filing", c)
	}
	for _, d := range c.Documents {
		if !fileName.MatchString(d.Name) || d.Size < 0 || d.Sequence < 1 {
			t.Errorf("got the document %+v", d)
		}
	}
	for _, one := range c.Filers {
		if one.CIK < 1 {
			t.Errorf("got the filer %+v", one)
		}
	}
}

// FuzzLists reads anything as each of the lists that are JSON.
func FuzzLists(f *testing.F) {
	f.Add([]byte(`{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."}}`))
	f.Add([]byte(`{"fields":["cik","name","ticker","exchange"],"data":[[320193,"Apple Inc.","AAPL",null]]}`))
	f.Add([]byte(`{"accessionNumber":["0000320193-24-000123"],"filingDate":["2024-11-01"],"reportDate":[""],"form":["10-K"],"items":[",,"],"size":[1],"isXBRL":[1],"primaryDocument":["xslF345X05/a.xml"],"primaryDocDescription":[""]}`))
	f.Add([]byte(`{"_id":"0000320193-24-000123:a.htm","_source":{"ciks":["0000320193"],"display_names":["Apple Inc.  (AAPL)  (CIK 0000320193)"],"adsh":"0000320193-24-000123","file_date":"2024-11-01","form":"10-K","sequence":"9"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		answer := &upstream.Answer{Body: text}
		if list, err := readCompanies(answer); err == nil {
			for _, c := range list {
				if c.CIK < 1 || c.Ticker == "" || c.Ticker != strings.ToUpper(c.Ticker) {
					t.Errorf("got %+v", c)
				}
			}
		}
		var body columns
		if answer.JSON(&body) == nil {
			if list, err := body.filings(320193); err == nil {
				for _, one := range list {
					if one.Form == "" || strings.Contains(one.Primary, "/") || one.Accession == "" {
						t.Errorf("got %+v", one)
					}
				}
			}
		}
		if hit, ok := readHit(text); ok && (len(hit.Filers) == 0 || hit.Form == "" || hit.Sequence < 0 || strings.ContainsAny(hit.Document, "/?#")) {
			t.Errorf("got %+v", hit)
		}
	})
}
