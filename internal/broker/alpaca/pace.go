package alpaca

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Alpaca takes 200 requests a minute of one account: burst at once and then one each interval stay below that in every minute.
const (
	burst    = 20
	interval = time.Minute / 170
	// maxHold is how long an account is left alone at most when Alpaca says that it had enough: its window is a minute.
	maxHold = time.Minute
	// keptTurns is how many accounts are remembered at least before those that have not asked for long are forgotten.
	keptTurns = 4096
)

// pace spreads the requests of each account, whose others do not wait for it. Turns are waited for, and go by the machine's
// clock; what Alpaca refuses goes by the server's, as everything that is tried again later does.
type pace struct {
	now   func() time.Time // the server's
	mu    sync.Mutex
	turns map[[sha256.Size]byte]turn
	room  int // how many turns there may be before those that are over are looked for
}

// turn is where an account stands.
type turn struct {
	full time.Time // when its bucket is full again
	shut time.Time // until when Alpaca refuses it, by the server's clock
}

// accountOf names an account by what opens it, without keeping that.
func accountOf(creds broker.Credentials) [sha256.Size]byte {
	return sha256.Sum256([]byte(string(creds.Environment) + "\x00" + creds.AccessToken + "\x00" + creds.KeyID))
}

// wait waits for the account's turn. While Alpaca refuses the account, and when the caller's deadline comes before its
// turn, it fails at once.
func (p *pace) wait(ctx context.Context, account [sha256.Size]byte) error {
	now := time.Now()
	t, refused := p.take(account, now)
	if refused > 0 {
		return crowded(refused)
	}
	at := t.full.Add(-burst * interval)
	if !at.After(now) {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(at) {
		return crowded(at.Sub(now))
	}
	timer := time.NewTimer(at.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fault.From(ctx.Err())
	}
}

func crowded(wait time.Duration) error {
	return fault.New(fault.UpstreamDown, "Alpaca takes no more requests for this account right now; try again in a moment").WithRetryAfter(wait)
}

// take uses up one request of the account, unless it is refused for some time yet.
func (p *pace) take(account [sha256.Size]byte, now time.Time) (t turn, refused time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.turns) >= p.room {
		p.forget(now)
	}
	t = p.turns[account]
	if refused = t.shut.Sub(p.now()); refused > 0 {
		return t, refused
	}
	if t.full.Before(now) {
		t.full = now
	}
	t.full = t.full.Add(interval)
	p.turns[account] = t
	return t, 0
}

// forget lets go of the accounts that are as those never seen.
func (p *pace) forget(now time.Time) {
	kept, clock := map[[sha256.Size]byte]turn{}, p.now()
	for account, t := range p.turns {
		if t.full.After(now) || t.shut.After(clock) {
			kept[account] = t
		}
	}
	p.turns, p.room = kept, max(keptTurns, 2*len(kept)) // so that looking costs little for each that came
}

// heed makes the account wait for the next minute when Alpaca says that nothing remains of this one.
func (p *pace) heed(account [sha256.Size]byte, h http.Header) {
	remaining, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	if err != nil || remaining > 0 {
		return
	}
	now, hold := time.Now(), maxHold
	if seconds, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
		hold = min(max(time.Unix(seconds, 0).Sub(now), 0), maxHold)
	}
	p.change(account, func(t *turn) {
		if full := now.Add(hold + burst*interval); full.After(t.full) {
			t.full = full
		}
	})
}

// refused keeps the account's requests back for as long as Alpaca asked for when it refused one.
func (p *pace) refused(account [sha256.Size]byte, wait time.Duration) {
	shut := p.now().Add(wait)
	p.change(account, func(t *turn) {
		if shut.After(t.shut) {
			t.shut = shut
		}
	})
}

func (p *pace) change(account [sha256.Size]byte, how func(*turn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.turns) >= p.room {
		p.forget(time.Now())
	}
	t := p.turns[account]
	how(&t)
	p.turns[account] = t
}
