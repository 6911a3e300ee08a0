package passwords

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// A comparison of cost c is 2^c rounds, so work can be added up.
func TestAWrongPasswordIsAsMuchWorkWhateverItsHashWasMadeWith(t *testing.T) {
	for configured := bcrypt.MinCost; configured <= 14; configured++ {
		h, err := New(configured)
		if err != nil {
			t.Fatal(err)
		}
		for cost := bcrypt.MinCost; cost <= configured; cost++ {
			rounds := 1 << cost
			for _, more := range h.missing(nobody(cost)) {
				rounds += 1 << more
			}
			if rounds != 1<<configured {
				t.Errorf("cost %d where %d is asked for: got %d rounds, want %d", cost, configured, rounds, 1<<configured)
			}
		}
		if got := h.missing(h.nobody); len(got) != 0 {
			t.Errorf("got %v beside nobody's hash, want nothing", got)
		}
	}
}

func TestWhatIsMissingOfTheWorkComparesNothing(t *testing.T) {
	old, err := New(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := old.Hash(t.Context(), "correct horse staple")
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(bcrypt.MinCost + 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Check(t.Context(), hash, "correct horse staple"); err != nil {
		t.Errorf("got %v of the right password", err)
	}
	if err := h.Check(t.Context(), hash, "another one"); !fault.Is(err, fault.InvalidCredentials) {
		t.Errorf("got %v of a wrong one", err)
	}
}
