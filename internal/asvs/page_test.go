package asvs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// asHTML are the ways in which a page takes text for HTML, or for a script.
var asHTML = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\b|new Function|javascript:|\bon[a-z]+\s*=\s*["']`)

func TestThePageMakesNoHTMLOfText(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "internal", "api", "docs", "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("got %v, %v, want the page, its script and its style", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := asHTML.FindString(string(text)); found != "" {
			t.Errorf("%s has %q: put text into the page as textContent", file, found)
		}
		if strings.HasSuffix(file, ".html") && regexp.MustCompile(`<script[^>]*>[^<]|(?:src|href)="(?:https?:)?//`).Match(text) {
			t.Errorf("%s has a script of its own, or something from elsewhere", file)
		}
	}
}
