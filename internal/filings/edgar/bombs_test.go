package edgar_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// endless is an EDGAR that answers everything with a gigabyte of one letter, packed or not, and counts what it got rid of.
func endless(t *testing.T, packed bool) (*edgar.Source, *atomic.Int64) {
	t.Helper()
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		out := io.Writer(w)
		if packed {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			defer func() { _ = zip.Close() }()
			out = zip
		}
		piece := bytes.Repeat([]byte("x"), 1<<20)
		for range 1 << 10 {
			if _, err := out.Write(piece); err != nil {
				return
			}
			sent.Add(1 << 20)
		}
	}))
	t.Cleanup(server.Close)
	return at(t, server.URL, time.Now, nil), &sent
}

func TestABombIsReadAsFarAsIsReadOfADocumentAndNoFurther(t *testing.T) {
	const number filings.Accession = "0000320193-24-000123"
	for name, packed := range map[string]bool{"a gigabyte": false, "a megabyte that unpacks to a gigabyte": true} {
		t.Run(name, func(t *testing.T) {
			source, sent := endless(t, packed)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			part, err := source.Document(t.Context(), apple, number, "a.htm")
			runtime.GC()
			runtime.ReadMemStats(&after)
			if !fault.Is(err, fault.FilingTooLarge) || len(part) != edgar.MaxBody {
				t.Errorf("got %d bytes, %v, want the first %d with %s", len(part), err, edgar.MaxBody, fault.FilingTooLarge)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
				t.Errorf("%d MiB stay in memory, want 64 at most", grown>>20)
			}
			if sent.Load() > 256<<20 {
				t.Errorf("%d MiB were taken, want little more than is read", sent.Load()>>20)
			}
			for what, err := range map[string]error{
				"a filer":  second(source.Filer(t.Context(), apple)),
				"a filing": second(source.Contents(t.Context(), apple, number)),
				"a search": second(source.Search(t.Context(), filings.Query{Text: "x"})),
				"figures":  second(source.Facts(t.Context(), apple)),
				"a list":   second(source.Companies(t.Context())),
			} {
				if !fault.Is(err, fault.FilingTooLarge) {
					t.Errorf("%s: got %v, want %s", what, err, fault.FilingTooLarge)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestAPageOfOpenTagsIsReadInOneGo feeds the patterns what patterns stumble over.
func TestAPageOfOpenTagsIsReadInOneGo(t *testing.T) {
	const number filings.Accession = "0000320193-24-000123"
	for name, piece := range map[string]string{
		"rows": "<tr><td>", "cells": "<td>", "filers": `<span class="companyName">`, "infos": `<div class="infoHead">`, "angles": "<", "documents": "<DOCUMENT><TEXT>",
	} {
		open := html([]byte("<PRE>" + string(number) + "</SEC-HEADER>" + strings.Repeat(piece, 4<<20/len(piece))))
		folder := "/www/Archives/edgar/data/320193/000032019324000123/"
		source := answering(t, map[string]page{folder + string(number) + "-index.html": open, folder + string(number) + "-index-headers.html": open})
		if _, err := source.Contents(t.Context(), apple, number); !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%s: got %v, want %s", name, err, fault.UpstreamFailed)
		}
	}
}

// TestNoAddressInAnAnswerIsCalled puts addresses that lead to this machine wherever an answer of EDGAR's has room for one.
func TestNoAddressInAnAnswerIsCalled(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = canary.Close() }()
	var calls atomic.Int32
	go func() {
		for {
			conn, err := canary.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = conn.Close()
		}
	}()
	list, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/ssrf-urls.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const number filings.Accession = "0000320193-24-000123"
	leads := []string{"http://" + canary.Addr().String() + "/a.htm", "//" + canary.Addr().String() + "/a.htm"}
	leads = append(leads, strings.Fields(string(list))...)
	asked := 0
	for _, lead := range leads {
		quoted := strings.NewReplacer(`"`, "", `\`, "", "<", "").Replace(strings.ToValidUTF8(lead, ""))
		folder := "/www/Archives/edgar/data/320193/000032019324000123/"
		source := answering(t, map[string]page{
			folder + string(number) + "-index.html": html([]byte(string(number) + `<strong>Form 10-K</strong><div class="infoHead">Filing Date</div><div class="info">2024-11-01</div>
				<span class="companyName">X <acronym>CIK</acronym><a href="?CIK=0000320193">` +
				`<tr><td>1</td><td>x</td><td><a href="` + quoted + `">x</a></td><td>10-K</td><td>1</td></tr>`)),
			"/data/submissions/CIK0000320193.json": asJSON([]byte(`{"cik":"320193","name":"X","tickers":[],"filings":{"recent":{},"files":[{"name":"` + quoted +
				`","filingCount":1,"filingFrom":"2001-01-01","filingTo":"2001-01-01"}]}}`)),
		})
		c, err := source.Contents(t.Context(), apple, number)
		for _, d := range c.Documents {
			_, _ = source.Document(t.Context(), apple, number, d.Name)
			asked++
		}
		if err != nil && !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%s: got %v", lead, err)
		}
		f, err := source.Filer(t.Context(), apple)
		if err != nil || len(f.Older) != 0 {
			t.Errorf("%s: got %v, %v, want it to be no page of filings", lead, f.Older, err)
		}
		_, _ = source.Older(t.Context(), apple, lead)
		_, _ = source.Document(t.Context(), apple, number, lead)
	}
	if calls.Load() != 0 || asked == 0 {
		t.Errorf("got %d calls after %d documents, want none after some", calls.Load(), asked)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var calls atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer server.Close()
	source := at(t, server.URL, time.Now, nil)
	if _, err := source.Filer(t.Context(), apple); !fault.Is(err, fault.UpstreamFailed) || calls.Load() != 0 {
		t.Errorf("got %v and %d calls, want none", err, calls.Load())
	}
}
