package structure

import (
	"regexp"
	"strings"
	"testing"
)

// changesAudit matches SQL that changes rows of the audit log or of its chain.
var changesAudit = regexp.MustCompile(`(?i)\b(update|delete\s+from|truncate(\s+table)?|drop\s+table)\s+audit_(logs|chain)\b`)

func TestRowsOfTheAuditLogAreChangedNowhereButWhereAPersonIsErased(t *testing.T) {
	var found []string
	sourceFiles(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return // they tamper
		}
		for range changesAudit.FindAll(text, -1) {
			found = append(found, path)
		}
	})
	if len(found) != 1 || found[0] != "internal/audit/store.go" {
		t.Errorf("got SQL that changes rows of the audit log in %v, want it once, in Erase of internal/audit/store.go", found)
	}
}
