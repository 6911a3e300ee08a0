package asvs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unbuilt are the features of which nothing is claimed because they are not there, each with what would show in the
// program's source that it came: then its requirements have to be met.
var unbuilt = map[string]*regexp.Regexp{
	"WebSocket":           regexp.MustCompile(`(?i)websocket`),
	"sign-in by OIDC":     regexp.MustCompile(`(?i)openid|id_token|\boidc\b`),
	"client certificates": regexp.MustCompile(`ClientCAs|RequireAndVerifyClientCert|VerifyClientCertIfGiven`),
	"CSV":                 regexp.MustCompile(`encoding/csv|text/csv`),
}

// beside are the folders of programs that are beside ours: they measure it and compare its figures, and nobody serves them.
var beside = []string{filepath.Join(root, "bench"), filepath.Join(root, "evals")}

// source calls visit with each Go file of the program: not its tests, nor what is for them alone.
func source(t *testing.T, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."), entry.IsDir() && slices.Contains(beside, path):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		visit(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsCalledNotBuiltIsNotThere(t *testing.T) {
	used := map[string]bool{}
	for _, r := range ledger(t) {
		if r.state != notBuilt {
			continue
		}
		if unbuilt[r.shown] == nil {
			t.Errorf("%s: got the feature %q, want one of the table here", r.id, r.shown)
		}
		used[r.shown] = true
	}
	policy := read(t, policyFile)
	for feature := range unbuilt {
		if !used[feature] {
			t.Errorf("no requirement waits for %s any more: take it out of the table", feature)
		}
		if !strings.Contains(policy, feature) {
			t.Errorf("%s does not say that %s is not built", policyFile, feature)
		}
	}
	source(t, func(path, text string) {
		for feature, sign := range unbuilt {
			if found := sign.FindString(text); found != "" {
				t.Errorf("%s has %q: is %s built? Then its requirements need evidence", path, found, feature)
			}
		}
	})
}
