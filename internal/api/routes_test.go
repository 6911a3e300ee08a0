package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// aRoute is how the code writes one.
var aRoute = regexp.MustCompile(`^(?:[A-Z]+ )?(/api/[^ ]*)$`)

// undescribed are the paths that are no operation of the API: its description, the page that shows it, the one below which
// symbols stand, and the one below which a cookie is sent.
var undescribed = []string{refreshPath, stockPath, "/api/openapi.json", "/api/docs", "/api/docs/docs.js", "/api/docs/style.css"}

// TestWhatIsServedAndWhatIsDescribedAreTheSame reads the package's own code: every path that stands in it is described,
// every path that is described stands in it, nothing is registered past the description, and nothing is hidden from it.
func TestWhatIsServedAndWhatIsDescribedAreTheSame(t *testing.T) {
	described := newRouter(Services{}, Config{}, http.NewServeMux()).api.OpenAPI().Paths
	written := map[string]bool{}
	past := map[string]int{} // calls that register with the mux itself, by file
	for name, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value)
				if route := aRoute.FindStringSubmatch(text); n.Kind == token.STRING && route != nil {
					written[route[1]] = true
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Handle" || f.Sel.Name == "HandleFunc") {
					past[name]++
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Hidden" {
					t.Errorf("%s hides an operation from the description", name)
				}
			}
			return true
		})
	}
	for path := range written {
		if described[path] == nil && !slices.Contains(undescribed, path) {
			t.Errorf("%s is in the code and not in the description", path)
		}
	}
	for path := range described {
		if !written[path] {
			t.Errorf("%s is described, and nowhere in the code", path)
		}
	}
	if past["docs.go"] != 2 || past["api.go"] != 2 || past["mux.go"] != 2 || past["metrics.go"] != 1 || len(past) != 4 {
		t.Errorf("registered past the description: got %v, want the docs, the metrics, what answers during the start, and what huma registers", past)
	}
}

// sources are the package's files, less the tests.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}
