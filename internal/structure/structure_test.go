package structure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/jaspers-ai/jaspers"
	root   = "../.."
	// command is what the package of the program itself is called here.
	command = "jaspers"
)

// ranks are the layers of the program, the ground first. A package imports packages of lower ranks only; those of one
// rank do not know each other. Names are below internal.
var ranks = [][]string{
	{"allocation", "calendar", "fault", "files", "flight", "forms", "kept", "metrics", "pause", "ranking", "receipt", "redis", "returns", "trace", "vault", "words"},
	{"calculate", "db", "facts", "fiscal", "flat", "limit", "mail", "packed", "passwords", "risk", "telemetry", "upstream", "when"},
	{"audit", "broker", "cache", "figures", "health", "idempotency", "intent", "items", "job", "llm", "pace", "reference", "sentry"},
	{"budget", "claims", "filings", "instrument", "keys", "ledger", "market", "plan", "secondfactor", "tool", "user"},
	adapters,
	{"auth", "builtin", "connection", "documents", "exchange", "lots", "passages", "pastprices", "prose", "reported", "research", "usage"},
	{"costbasis", "history", "library", "recording"},
	{"gains", "reading"},
	{"portfolio", "prices", "syncs"},
	{"breakdown", "performance", "reconciliation", "snapshot"},
	{"analyst", "portfoliotools", "researchtools", "understanding"},
	{"chat"},
	{"account", "transcript"},
	{"api"},
	{"app"},
	{command},
}

// adapters speak to one vendor each: with the help of the contract in the folder above them and of ranks 0 and 1, and
// for app alone.
var adapters = []string{"broker/alpaca", "broker/ibkr", "filings/edgar", "llm/claude", "market/finnhub", "market/yahoo"}

// aside are the packages that stand beside the ranks, each with what it may import of ours. The program knows none of
// them, save that app starts the simulator for the demo.
var aside = map[string][]string{
	"bench":                   {"broker", "calendar", "db", "fault", "flat", "flat/flattest", "history", "instrument", "items", "ledger", "lots", "market", "pastprices", "performance", "portfolio", "recording", "sim", "vault"},
	"evals/answers":           {"app", "calendar", "sim", "sim/books", "sim/paper"},
	"evals":                   {"allocation", "evals/answers", "broker", "calculate", "calendar", "fault", "figures", "flat", "instrument", "intent", "items", "ledger", "lots", "ranking", "returns", "risk", "user"},
	"asvs":                    {},
	"broker/brokertest":       {"broker", "fault", "sharedtest", "vault"},
	"db/dbtest":               {"db", "sharedtest"},
	"filings/filingstest":     {"calendar", "fault", "filings"},
	"mail/mailtest":           {},
	"flat/flattest":           {},
	"market/markettest":       {"calendar", "fault", "market"},
	"outage":                  {},
	"recording/recordingtest": {"broker", "calendar", "db", "recording"},
	"sharedtest":              {},
	"sim":                     {"calendar", "sim/books", "sim/paper"},
	"sim/books":               {"calendar"},
	"sim/paper":               {"calendar", "sim/books", "sim/typeset"},
	"sim/typeset":             {"calendar", "sim/books"},
	"structure":               {},
}

// modules are those we import, each with its reason and, where one package exists to hide it, the only one of the
// program that may; tests may go round it. docs/decisions says more about each.
var modules = map[string]struct{ why, only string }{
	"github.com/anthropics/anthropic-sdk-go":   {why: "Anthropic's Messages API", only: "llm/claude"},
	"github.com/caarlos0/env/v11":              {why: "settings from the environment", only: "app"},
	"github.com/danielgtaylor/huma/v2":         {why: "routes with their OpenAPI document", only: "api"},
	"github.com/emersion/go-sasl":              {why: "sign-in at the mail server of tests"},
	"github.com/emersion/go-smtp":              {why: "the mail server of tests"},
	"github.com/failsafe-go/failsafe-go":       {why: "retry, breaker, bulkhead", only: "upstream"},
	"github.com/getkin/kin-openapi":            {why: "answers against the API's description in tests"},
	"github.com/golang-jwt/jwt/v5":             {why: "access tokens", only: "auth"},
	"github.com/google/jsonschema-go":          {why: "the schemas of tools' inputs", only: "tool"},
	"github.com/google/go-cmp":                 {why: "differences in tests"},
	"github.com/google/uuid":                   {why: "UUIDv7 ids"},
	"github.com/jackc/pgx/v5":                  {why: "the PostgreSQL driver", only: "db"},
	"github.com/joho/godotenv":                 {why: "settings from a .env file", only: "app"},
	"github.com/klauspost/compress":            {why: "gzip of answers, zstd of filings"},
	"github.com/maypok86/otter/v2":             {why: "what is kept in memory: what outside services said, and tokens that held"},
	"github.com/pressly/goose/v3":              {why: "migrations", only: "db"},
	"github.com/prometheus/client_golang":      {why: "counters as Prometheus reads them", only: "metrics"},
	"github.com/redis/go-redis/v9":             {why: "limits, caches and the pace of requests over all processes", only: "redis"},
	"github.com/rickar/cal/v2":                 {why: "holiday rules", only: "calendar"},
	"github.com/rs/cors":                       {why: "CORS", only: "api"},
	"github.com/santhosh-tekuri/jsonschema/v6": {why: "tools' schemas in tests"},
	"github.com/shopspring/decimal":            {why: "money"},
	"github.com/trustelem/zxcvbn":              {why: "the passwords and the English words found most often"},
	"github.com/yuin/goldmark":                 {why: "a reader of Markdown in tests"},
	"go.opentelemetry.io/otel":                 {why: "spans, and how they are sent", only: "trace"},
	"go.opentelemetry.io/proto/otlp":           {why: "spans as a collector reads them", only: "trace"},
	"go.uber.org/goleak":                       {why: "goroutines left behind in tests"},
	"golang.org/x/crypto":                      {why: "bcrypt", only: "passwords"},
	"golang.org/x/oauth2":                      {why: "PKCE challenges"},
	"golang.org/x/sync":                        {why: "a bound on parallel hashing", only: "passwords"},
	"golang.org/x/term":                        {why: "passwords typed without being shown", only: command},
	"golang.org/x/text":                        {why: "language tags and how languages write numbers; look-alike spellings of one e-mail address"},
	"golang.org/x/time":                        {why: "request budgets of upstreams", only: "upstream"},
	"google.golang.org/protobuf":               {why: "how spans are written", only: "trace"},
	"modernc.org/sqlite":                       {why: "the SQLite driver", only: "db"},
	"pgregory.net/rapid":                       {why: "properties in tests"},
}

// maxLines is how long a Go file may be.
const maxLines = 480

// longFiles may be longer, each for its reason.
var longFiles = map[string]string{
	"main_test.go": "the program as a process: its stories share the server that is started, killed and started again",
}

// listed is a package as go list tells of it.
type listed struct {
	ImportPath, Dir                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// name is the package as it is called in the tables.
func (p listed) name() string { return shortName(p.ImportPath) }

func shortName(importPath string) string {
	if importPath == module {
		return command
	}
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module+"/"), "internal/")
}

// ours are the packages of the module that p imports, tests aside.
func (p listed) ours() []string {
	var names []string
	for _, path := range p.Imports {
		if isOurs(path) {
			names = append(names, shortName(path))
		}
	}
	return names
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// packages lists the module once for all tests.
var packages = sync.OnceValues(func() ([]listed, error) {
	list := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	list.Dir = root
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, &complaint)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
})

func list(t *testing.T) []listed {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rankOf is the layer of a package; false for one that stands aside or in no table.
func rankOf(name string) (int, bool) {
	for rank, names := range ranks {
		if slices.Contains(names, name) {
			return rank, true
		}
	}
	return 0, false
}

// mayImport is the rule between two packages of ours.
func mayImport(from, to string) bool {
	if allowed, ok := aside[from]; ok {
		return slices.Contains(allowed, to)
	}
	rank, _ := rankOf(from)
	target, ranked := rankOf(to)
	switch {
	case !ranked:
		return from == "app" && to == "sim"
	case slices.Contains(adapters, to):
		return from == "app"
	case slices.Contains(adapters, from):
		return target <= 1 || strings.HasPrefix(from, to+"/")
	}
	return target < rank
}

func TestEveryPackageHasAPlaceAndImportsOnlyWhatIsBelowIt(t *testing.T) {
	for _, p := range list(t) {
		_, ranked := rankOf(p.name())
		if _, beside := aside[p.name()]; ranked == beside {
			t.Errorf("%s needs a place in one of the tables ranks and aside, and in ARCHITECTURE.md", p.name())
			continue
		}
		for _, imported := range p.ours() {
			if !mayImport(p.name(), imported) {
				t.Errorf("%s imports %s, which is not below it: see ARCHITECTURE.md", p.name(), imported)
			}
		}
	}
}

func TestTheTablesNameOnlyPackagesThereAre(t *testing.T) {
	there := map[string]bool{}
	for _, p := range list(t) {
		there[p.name()] = true
	}
	named := slices.Concat(ranks...)
	for name := range aside {
		named = append(named, name)
	}
	for _, name := range named {
		if !there[name] {
			t.Errorf("there is no package %s any more: take it out of the tables and of ARCHITECTURE.md", name)
		}
	}
}

// moduleOf is the module in our table that a package belongs to.
func moduleOf(importPath string) (string, bool) {
	for path := range modules {
		if importPath == path || strings.HasPrefix(importPath, path+"/") {
			return path, true
		}
	}
	return "", false
}

// isStandard tells the standard library's packages: nobody owns a domain there.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func TestModulesAreThoseWeChoseAndStayWhereTheyBelong(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if isStandard(path) || isOurs(path) {
				continue
			}
			name, known := moduleOf(path)
			if !known {
				t.Errorf("%s imports %s, of a module nobody chose: weigh it, then list it here and in docs/decisions", p.name(), path)
				continue
			}
			used[name] = true
			only := modules[name].only
			if only != "" && only != p.name() && slices.Contains(p.Imports, path) {
				t.Errorf("%s imports %s, which only %s may", p.name(), path, only)
			}
		}
	}
	for name := range modules {
		if !used[name] {
			t.Errorf("nothing imports %s any more: take it out of the table, of go.mod and of docs/decisions", name)
		}
	}
}

func TestTheSimulatorKnowsNothingButDecimalsAndTheCalendar(t *testing.T) {
	for _, p := range list(t) {
		if p.name() != "sim" && !strings.HasPrefix(p.name(), "sim/") {
			continue
		}
		for _, path := range p.Imports {
			if !isStandard(path) && !isOurs(path) && path != "github.com/shopspring/decimal" {
				t.Errorf("%s imports %s: what it simulates must not depend on how we talk to it", p.name(), path)
			}
		}
	}
}

// sourceFiles calls visit with each Go file of the module, by its path from the root. It opens them all, which also
// tells the test cache what this package's results depend on: go list reads them in a process of its own.
func sourceFiles(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		visit(filepath.ToSlash(name), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoFileIsLongWithoutAReason(t *testing.T) {
	long := map[string]bool{}
	sourceFiles(t, func(path string, text []byte) {
		lines := bytes.Count(text, []byte("\n"))
		if lines <= maxLines {
			return
		}
		long[path] = true
		if longFiles[path] == "" {
			t.Errorf("%s has %d lines, want at most %d: divide it, or give a reason here", path, lines, maxLines)
		}
	})
	for path := range longFiles {
		if !long[path] {
			t.Errorf("%s is not long any more: take it out of longFiles", path)
		}
	}
}
