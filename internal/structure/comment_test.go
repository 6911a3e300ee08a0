package structure

import (
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// comment is the package comment, from whichever file has it, on one line.
func comment(t *testing.T, p listed) string {
	t.Helper()
	var texts []string
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if file.Doc != nil {
			texts = append(texts, strings.Join(strings.Fields(file.Doc.Text()), " "))
		}
	}
	if len(texts) != 1 {
		t.Fatalf("%s has %d package comments, want 1", p.name(), len(texts))
	}
	return texts[0]
}

// purpose is what a package comment says behind the package's name, and whether it begins with that name.
func purpose(p listed, text string) (string, bool) {
	start := "Package " + path.Base(p.name()) + " "
	if p.name() == command || p.name() == "bench" || p.name() == "evals" {
		start = "Command " + p.name() + " "
	}
	return strings.CutPrefix(text, start)
}

func TestEveryPackageSaysInOneSentenceWhatItIsFor(t *testing.T) {
	for _, p := range list(t) {
		t.Run(p.name(), func(t *testing.T) {
			text := comment(t, p)
			if _, ok := purpose(p, text); !ok || !strings.HasSuffix(text, ".") {
				t.Errorf("got the comment %q, want a sentence that begins with the package's name", text)
			}
			if first := new(doc.Package).Synopsis(text); first != text {
				t.Errorf("got more than one sentence, beginning with %q", first)
			}
		})
	}
}

func TestTheMapSaysOfEveryPackageWhatItsCommentSays(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, p := range list(t) {
		says, _ := purpose(p, comment(t, p))
		says = strings.TrimSuffix(strings.TrimPrefix(says, "is "), ".")
		entry := path.Base(p.name()) + "/"
		if p.name() == command {
			entry = "main.go"
		}
		if !hasLine(lines, entry, says) {
			t.Errorf("the tree in ARCHITECTURE.md has no line %q", entry+"  "+says)
		}
	}
}

// hasLine looks for a line of the tree: an entry, blanks, and what it is for.
func hasLine(lines []string, entry, says string) bool {
	for _, line := range lines {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == entry && strings.TrimSpace(rest) == says {
			return true
		}
	}
	return false
}
