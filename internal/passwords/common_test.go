package passwords

import (
	"testing"

	"github.com/trustelem/zxcvbn/frequency"
)

func TestThePasswordsFoundMostOftenAreRefused(t *testing.T) {
	long := 0
	for _, password := range frequency.FrequencyLists["passwords"] {
		if len(password) < minLength {
			continue
		}
		long++
		if Weakness(password, "ada@example.com") == "" {
			t.Errorf("%q was taken", password)
		}
	}
	if long < 3000 {
		t.Errorf("tried %d, want at least 3,000", long)
	}
	for _, good := range []string{"correct horse staple", "vier Pferde grasen", "x7#pQ2!mzL0e"} {
		if complaint := Weakness(good, "ada@example.com"); complaint != "" {
			t.Errorf("%q: got %q, want it taken", good, complaint)
		}
	}
}
