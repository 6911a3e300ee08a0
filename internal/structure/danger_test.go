package structure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// dangerous are packages of the standard library that the program does without, each with what it would bring.
var dangerous = map[string]string{
	"C":                 "memory that Go does not watch over",
	"unsafe":            "memory that Go does not watch over",
	"plugin":            "code that comes at run time",
	"os/exec":           "commands of the system",
	"text/template":     "templates that could be built of what people send",
	"html/template":     "templates that could be built of what people send",
	"encoding/gob":      "types that the sender chooses",
	"encoding/xml":      "entities and a second way to read what was sent",
	"net/http/pprof":    "a debugging interface",
	"net/http/httptest": "a server for tests",
	"expvar":            "a debugging interface",
	"testing":           "what is for tests only",
	"math/rand":         "numbers that can be guessed",
	"math/rand/v2":      "numbers that can be guessed",
	"crypto/md5":        "a broken hash",
	"crypto/sha1":       "a broken hash",
	"crypto/des":        "a weak cipher",
	"crypto/rc4":        "a broken cipher",
	"net/rpc":           "types that the sender chooses",
}

// accepted are the places where one of them does no harm, each with its reason. The simulator and what is for tests
// alone is not looked at: neither holds anything real.
var accepted = map[string]map[string]string{
	"secondfactor": {"crypto/sha1": "what authenticator apps use, under HMAC, to which collisions do nothing"},
	"job":          {"math/rand/v2": "spreads the waits between attempts"},
	"upstream":     {"math/rand/v2": "spreads the waits between attempts"},
}

// forTests tells whether a package is never part of a server that runs for real.
func forTests(name string) bool {
	_, beside := aside[name]
	return beside
}

func TestTheProgramDoesWithoutWhatIsDangerous(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		if forTests(p.name()) {
			continue
		}
		for _, path := range p.Imports {
			harm, known := dangerous[path]
			if !known {
				continue
			}
			used[p.name()+" "+path] = true
			if accepted[p.name()][path] == "" {
				t.Errorf("%s imports %s, which brings %s: do without it, or give a reason here and in docs/operations/deploy.md", p.name(), path, harm)
			}
		}
	}
	for name, paths := range accepted {
		for path := range paths {
			if !used[name+" "+path] {
				t.Errorf("%s does without %s now: take it out of the table", name, path)
			}
		}
	}
}

// programFiles calls visit with each Go file of the program by its path, parsed: no tests, nothing that is for them
// alone, and not the simulator.
func programFiles(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	sourceFiles(t, func(path string, text []byte) {
		folder := strings.TrimPrefix(path[:strings.LastIndex("/"+path, "/")], "internal/")
		if strings.HasSuffix(path, "_test.go") || forTests(strings.TrimSuffix(folder, "/")) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		visit(path, file)
	})
}

// calls lists the calls of a package's functions in a file, by the function's name.
func calls(file *ast.File, pkg string, names ...string) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(names, f.Sel.Name) {
			if x, ok := f.X.(*ast.Ident); ok && x.Name == pkg {
				found = append(found, call)
			}
		}
		return true
	})
	return found
}

// isFixed tells whether an expression is made of literals and names of constants only.
func isFixed(e ast.Expr, constants map[string]bool) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return constants[e.Name]
	case *ast.SelectorExpr:
		return constants[e.Sel.Name]
	case *ast.BinaryExpr:
		return isFixed(e.X, constants) && isFixed(e.Y, constants)
	}
	return false
}

func TestPatternsAreNeverMadeOfWhatSomebodySent(t *testing.T) {
	constants := map[string]bool{}
	var files []*ast.File
	programFiles(t, func(_ string, file *ast.File) {
		files = append(files, file)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					for _, name := range s.(*ast.ValueSpec).Names {
						constants[name.Name] = true
					}
				}
			}
		}
	})
	patterns := 0
	for _, file := range files {
		for _, call := range calls(file, "regexp", "Compile", "MustCompile", "CompilePOSIX", "MustCompilePOSIX", "Match", "MatchString") {
			patterns++
			if !isFixed(call.Args[0], constants) {
				t.Errorf("package %s makes a pattern at run time, at byte %s: use a constant", file.Name, strconv.Itoa(int(call.Pos())))
			}
		}
	}
	if patterns < 5 {
		t.Errorf("found %d patterns, want those there are", patterns)
	}
}
