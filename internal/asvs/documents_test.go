package asvs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are what the ledger leans on, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{policyFile: read(t, policyFile)}
	for _, pattern := range []string{"docs/security/*.md", "docs/operations/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			t.Fatalf("got %v, %v for %s", paths, err, pattern)
		}
		for _, path := range paths {
			name := filepath.ToSlash(strings.TrimPrefix(path, filepath.FromSlash(root)+string(filepath.Separator)))
			all[name] = read(t, name)
		}
	}
	return all
}

var (
	settingName = regexp.MustCompile(`\b(?:JASPERS|ALPACA|ANTHROPIC|DATABASE)_[A-Z0-9_]*[A-Z0-9]\b`)
	routeName   = regexp.MustCompile("`(?:(?:GET|POST|PATCH|DELETE) )(/api/[^`? ]*)`")
	linkTarget  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	actionName  = regexp.MustCompile("`((?:account|admin|brokerage|chat|portfolio)\\.[a-z_]+)`")
)

// hasSetting finds a setting in .env.example, by its own name or by another one that is accepted for it.
func hasSetting(example, name string) bool {
	return strings.Contains(example, "\n"+name+"=") || strings.Contains(example, " "+name+" ")
}

func TestDocumentsNameOnlySettingsAndRoutesThereAre(t *testing.T) {
	settings, routes := read(t, ".env.example"), read(t, "openapi.yaml")
	checks := read(t, ".ci/run") // which has settings of its own
	for path, text := range documents(t) {
		for _, name := range settingName.FindAllString(text, -1) {
			if !strings.Contains(checks, name) && !hasSetting(settings, name) && !hasSetting(settings, strings.TrimSuffix(name, "_FILE")) {
				t.Errorf("%s names the setting %s, which there is not", path, name)
			}
		}
		for _, route := range routeName.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(routes, "\n  "+route[1]+":\n") {
				t.Errorf("%s names the route %s, which there is not", path, route[1])
			}
		}
	}
}

func TestTheInventoryOfEventsIsTheProgramsOwn(t *testing.T) {
	const inventory = "docs/operations/logs.md"
	named := map[string]bool{}
	for _, match := range actionName.FindAllStringSubmatch(read(t, inventory), -1) {
		named[match[1]] = true
	}
	recorded := map[string]bool{}
	for _, match := range regexp.MustCompile(`Action = "([a-z_.]+)"`).FindAllStringSubmatch(read(t, "internal/audit/audit.go"), -1) {
		recorded[match[1]] = true
		if !named[match[1]] {
			t.Errorf("%s leaves out the event %s", inventory, match[1])
		}
	}
	for name := range named {
		if !recorded[name] {
			t.Errorf("%s names the event %s, which there is not", inventory, name)
		}
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	for path, text := range documents(t) {
		for _, match := range linkTarget.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			there := filepath.Join(root, filepath.Dir(filepath.FromSlash(path)), filepath.FromSlash(target))
			if target == "" {
				there = filepath.Join(root, filepath.FromSlash(path))
			}
			linked, err := os.ReadFile(there)
			if err != nil {
				if _, err := os.Stat(there); err != nil {
					t.Errorf("%s links to %s, which is not there", path, match[1])
				}
				continue
			}
			if complaint := checkHeading(string(linked), anchor); anchor != "" && complaint != "" {
				t.Errorf("%s links to %s: %s", path, match[1], complaint)
			}
		}
	}
}
