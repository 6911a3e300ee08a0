package auth_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// trade refreshes with a token and returns the next one.
func trade(t *testing.T, s *auth.Service, token string) string {
	t.Helper()
	next, err := s.Refresh(t.Context(), token)
	wantNoError(t, err)
	return next.RefreshToken
}

// A slow tab sends the first token when others have gone on to the third.
func TestALateTokenIsAnsweredWithOneThatNobodyHasUsed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		t0 := register(t, s).Tokens.RefreshToken
		t1 := trade(t, s, t0)
		t2 := trade(t, s, t1)
		c.Advance(15 * time.Second)
		late := trade(t, s, t0)
		if late != t2 {
			t.Fatalf("got another token than the one to use next (the used one: %v)", late == t1)
		}
		c.Advance(8 * time.Second) // the grace of the first two is over
		t3 := trade(t, s, late)
		if again := trade(t, s, t2); again != t3 {
			t.Error("two holders of one token got different ones")
		}
		c.Advance(15 * time.Minute)
		trade(t, s, t3)
	})
}

func TestALateTokenEndsTheSessionOnceItsOwnGraceIsOverHoweverFreshTheLastOneIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		t0 := register(t, s).Tokens.RefreshToken
		t1 := trade(t, s, t0)
		c.Advance(15 * time.Second)
		t2 := trade(t, s, t1)
		c.Advance(6 * time.Second)
		_, err := s.Refresh(t.Context(), t0)
		wantKind(t, err, fault.TokenReused)
		_, err = s.Refresh(t.Context(), t2)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestAChainIsFollowedAHundredStepsAndNoFurther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		t0 := register(t, s).Tokens.RefreshToken
		last := trade(t, s, t0)
		for range 99 {
			last = trade(t, s, last)
		}
		if got := trade(t, s, t0); got != last {
			t.Error("got another token than the last")
		}
		trade(t, s, last)
		_, err := s.Refresh(t.Context(), t0)
		wantKind(t, err, fault.TokenReused)
	})
}
