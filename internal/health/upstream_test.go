package health

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pace"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// still is an upstream that nobody waits for and that is not probed.
func still(name string) *Upstream {
	return &Upstream{
		Name: name, Refusals: []int{http.StatusUnauthorized}, Waiting: func() time.Duration { return 0 },
		Reach: func(context.Context) error { return nil },
		Turn:  func(context.Context) error { return errors.New("not now") },
	}
}

// thatIs is an upstream of which one attempt told how it is.
func thatIs(name string, s Status) *Upstream {
	u := still(name)
	u.Record(context.Background(), map[Status]upstream.Call{
		OK: {Status: 200}, Degraded: {Status: http.StatusTooManyRequests}, Down: {Failure: fault.UpstreamDown},
	}[s])
	return u
}

var (
	good        = upstream.Call{Status: http.StatusOK, Duration: time.Second}
	gone        = upstream.Call{Failure: fault.UpstreamDown}
	tooLate     = upstream.Call{Failure: fault.UpstreamTimeout}
	broken      = upstream.Call{Status: http.StatusBadGateway}
	refused     = upstream.Call{Status: http.StatusUnauthorized}
	enough      = upstream.Call{Status: http.StatusTooManyRequests}
	slowly      = upstream.Call{Status: http.StatusOK, Duration: 6 * time.Second}
	notThere    = upstream.Call{Status: http.StatusNotFound}
	callerGone  = upstream.Call{Failure: fault.Canceled}
	uselessGood = upstream.Call{Status: http.StatusOK, Endpoint: "useless"} // and then it shows that it was
)

func TestAnUpstreamIsAsItsLastAttemptsEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		calls  []upstream.Call
		want   Status
		reason string
	}{
		"nobody asked":              {nil, OK, "was not asked anything yet"},
		"well":                      {[]upstream.Call{good, good, good, good}, OK, ""},
		"gone":                      {[]upstream.Call{good, good, gone, gone, gone}, Down, unreachable},
		"the first is gone":         {[]upstream.Call{gone}, Down, unreachable},
		"late":                      {[]upstream.Call{good, tooLate, tooLate, tooLate}, Down, late},
		"errors":                    {[]upstream.Call{broken, broken, broken}, Down, unreachable},
		"lies":                      {[]upstream.Call{good, uselessGood, uselessGood, uselessGood}, Down, useless},
		"now and then":              {[]upstream.Call{good, gone, good}, Degraded, "fails at times: it " + unreachable},
		"well again":                {[]upstream.Call{gone, gone, gone, good, good, good}, OK, ""},
		"our key":                   {[]upstream.Call{refused, refused, refused}, Down, refusing},
		"enough":                    {[]upstream.Call{good, good, enough}, Degraded, strained},
		"slow":                      {[]upstream.Call{good, slowly}, Degraded, "answers slowly"},
		"what was asked is unknown": {[]upstream.Call{notThere, notThere, notThere}, OK, ""},
		"who asked left":            {[]upstream.Call{good, callerGone, callerGone, callerGone}, OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			u := still("vendor")
			for _, c := range tc.calls {
				u.Record(t.Context(), c)
				if c.Endpoint == "useless" {
					u.Useless(t.Context())
				}
			}
			if got := u.Finding(); got.Status != tc.want || got.Reason != tc.reason {
				t.Errorf("got %+v, want it %s: %q", got, tc.want, tc.reason)
			}
		})
	}
}

func TestWhoeverIsLeftWaitingShowsBeforeItEnds(t *testing.T) {
	u := still("vendor")
	u.Record(t.Context(), good)
	u.Waiting = func() time.Duration { return 7 * time.Second }
	if got := u.Finding(); got.Status != Degraded || got.Reason != "answers slowly" {
		t.Errorf("got %+v, want it slow", got)
	}
}

func TestWhatIsKnownOfAnAnswerBeyondItsAttemptsCounts(t *testing.T) {
	for err, want := range map[error]string{
		nil: "", fault.New(fault.UpstreamFailed, "x"): useless, fault.New(fault.ModelNotConfigured, "x"): refusing,
		fault.New(fault.BudgetSpent, "x"): "", fault.New(fault.Canceled, "x"): "", fault.New(fault.TooLarge, "x"): "",
	} {
		u := still("model")
		u.Record(t.Context(), good)
		u.Told(err)
		if got := u.Finding(); got.Reason != want || (want == "") != (got.Status == OK) {
			t.Errorf("%v: got %+v, want %q", err, got, want)
		}
	}
}

func TestWhatAnAttemptShowedAlreadyIsNotTakenInAgain(t *testing.T) {
	unasked := fault.Wrap(fault.UpstreamDown, upstream.ErrUnasked, "left alone")
	for name, tc := range map[string]struct {
		calls  []upstream.Call
		told   error
		want   Status
		reason string
	}{
		"enough":                   {[]upstream.Call{enough}, fault.New(fault.UpstreamDown, "busy"), Degraded, strained},
		"an error after a success": {[]upstream.Call{good, broken}, fault.New(fault.UpstreamDown, "x"), Degraded, "fails at times: it " + unreachable},
		"our own door":             {[]upstream.Call{good}, unasked, OK, ""},
		"nothing was seen of it":   {nil, fault.New(fault.UpstreamTimeout, "x"), Down, late},
	} {
		u := still("model")
		for _, c := range tc.calls {
			u.Record(t.Context(), c)
		}
		u.Told(tc.told)
		if got := u.Finding(); got.Status != tc.want || got.Reason != tc.reason {
			t.Errorf("%s: got %+v, want it %s: %q", name, got, tc.want, tc.reason)
		}
	}
}

func TestAProbeThatOurOwnDoorRefusesSaysNothingOfTheUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := still("vendor")
		u.Turn = func(context.Context) error { return nil }
		u.Probe = func(context.Context) error { return fault.Wrap(fault.UpstreamDown, upstream.ErrUnasked, "left alone") }
		u.Record(t.Context(), enough)
		m := New(nil, []*Upstream{u}, quietLog())
		runs(t, m)
		m.Report(Words)
		time.Sleep(quiet + settled + 2*tick)
		if got := m.Report(Reasons).Upstreams[0]; got.Status != Degraded || got.Reason != strained {
			t.Errorf("got %+v, want it to be what it said: %s", got, strained)
		}
	})
}

func TestWhatWasLongAgoCountsForNothingBesideWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := still("vendor")
		u.Record(t.Context(), gone)
		u.Record(t.Context(), gone)
		time.Sleep(recent)
		if got := u.Finding(); got.Status != Down {
			t.Errorf("got %+v, want what is known last", got)
		}
		u.Record(t.Context(), good)
		if got := u.Finding(); got.Status != OK {
			t.Errorf("got %+v, want it well", got)
		}
	})
}

func TestOneThatFailedLastIsDownWhenNothingGoodIsHeardForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := still("vendor")
		u.Record(t.Context(), good)
		u.Record(t.Context(), gone)
		if got := u.Finding(); got.Status != Degraded {
			t.Errorf("got %+v, want it degraded: it may have been once", got)
		}
		time.Sleep(settled)
		if got := u.Finding(); got.Status != Down || got.Reason != unreachable {
			t.Errorf("got %+v, want it down", got)
		}
		u.Record(t.Context(), good)
		time.Sleep(settled)
		if got := u.Finding(); got.Status != Degraded {
			t.Errorf("got %+v, want it degraded", got)
		}
	})
}

func TestNobodyIsProbedWhileTheDatabaseCannotSayWhoseTurnItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probes{}
		u := still("vendor")
		u.Probe, u.Turn = p.ask, func(context.Context) error { return nil }
		m := New([]Check{found(DatabaseName, true, Degraded)}, []*Upstream{u}, quietLog())
		runs(t, m)
		for range 10 {
			m.Report(Words)
			time.Sleep(10 * time.Second)
		}
		if n := p.count(); n != 0 {
			t.Errorf("got %d probes", n)
		}
	})
}

// probes are those of one upstream by all processes.
type probes struct {
	mu   sync.Mutex
	at   []time.Time
	fail error
}

func (p *probes) ask(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = append(p.at, time.Now())
	return p.fail
}

func (p *probes) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.at)
}

// installation are n processes, which share the turns and the upstream.
func installation(t *testing.T, n int, p *probes) []*Monitor {
	t.Helper()
	keepers, err := pace.New(pace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	turns, err := keepers.For(pace.Limits{Vendor: "vendor", Key: "probe", Windows: []pace.Window{{Count: 1, Period: ProbeEvery}}})
	if err != nil {
		t.Fatal(err)
	}
	var all []*Monitor
	for range n {
		u := still("vendor")
		u.Probe = p.ask
		u.Turn = func(ctx context.Context) error { return turns.Wait(ctx, time.Second) }
		m := New(nil, []*Upstream{u}, quietLog())
		runs(t, m)
		all = append(all, m)
	}
	return all
}

func TestAnUpstreamThatNobodyAsksIsProbedAtMostOnceAMinuteByAllProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probes{}
		all := installation(t, 3, p)
		for range 10 * 12 { // ten minutes
			for _, m := range all {
				m.Report(Words)
			}
			time.Sleep(5 * time.Second)
		}
		if n := p.count(); n < 9 || n > 10 {
			t.Errorf("got %d probes in ten minutes, want one a minute", n)
		}
		for i := 1; i < len(p.at); i++ {
			if between := p.at[i].Sub(p.at[i-1]); between < ProbeEvery {
				t.Errorf("got %s between two probes, want %s at least", between, ProbeEvery)
			}
		}
	})
}

func TestNobodyIsProbedWhomSomebodyAsksOrOfWhomNobodyWantsToKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probes{}
		m := installation(t, 1, p)[0]
		time.Sleep(10 * time.Minute)
		if n := p.count(); n != 0 {
			t.Errorf("got %d probes, want none while nobody looks", n)
		}
		for range 60 {
			m.upstreams[0].Record(t.Context(), good)
			m.Report(Words)
			time.Sleep(10 * time.Second)
		}
		if n := p.count(); n != 0 {
			t.Errorf("got %d probes, want none beside other requests", n)
		}
	})
}

func TestAnUpstreamThatStoppedShowsSoonAfterSomebodyLooks(t *testing.T) {
	for kind, want := range map[fault.Kind]string{fault.UpstreamDown: unreachable, fault.UpstreamTimeout: late, fault.UpstreamFailed: useless, fault.FilingsNotConfigured: refusing} {
		synctest.Test(t, func(t *testing.T) {
			p := &probes{}
			m := installation(t, 1, p)[0]
			m.Report(Words)
			time.Sleep(time.Hour) // it was well, and nobody looked
			p.mu.Lock()
			p.fail = fault.New(kind, "x")
			p.mu.Unlock()
			m.Report(Words)
			time.Sleep(15 * time.Second)
			if got := m.Report(Reasons).Upstreams[0]; got.Status != Down || got.Reason != want {
				t.Errorf("got %+v, want it down: %s", got, want)
			}
		})
	}
}

func TestAProbeThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := still("vendor")
		u.Turn = func(context.Context) error { return nil }
		u.Probe = func(ctx context.Context) error {
			<-ctx.Done()
			return fault.From(ctx.Err())
		}
		m := New(nil, []*Upstream{u}, quietLog())
		runs(t, m)
		m.Report(Words)
		time.Sleep(15 * time.Second)
		if got := m.Report(Reasons).Upstreams[0]; got.Status != Down || got.Reason != late {
			t.Errorf("got %+v, want it down: %s", got, late)
		}
	})
}

func TestAnUpstreamThatTakesNoConnectionsAnyMoreShowsBetweenTwoProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probes{}
		m := installation(t, 1, p)[0]
		var stopped atomic.Bool
		m.upstreams[0].Reach = func(context.Context) error {
			if stopped.Load() {
				return fault.New(fault.UpstreamDown, "x")
			}
			return nil
		}
		seen := func() Part { return m.Report(Reasons).Upstreams[0] }
		seen()
		time.Sleep(quiet + 2*tick) // it is probed, and well
		stopped.Store(true)
		time.Sleep(15 * time.Second)
		if got := seen(); got.Status != Down || got.Reason != unreachable || p.count() != 1 {
			t.Errorf("got %+v after %d probes, want it down after one", got, p.count())
		}
		stopped.Store(false)
		time.Sleep(15 * time.Second)
		if got := seen(); got.Status != OK || p.count() != 1 {
			t.Errorf("got %+v after %d probes, want it well, as the one said", got, p.count())
		}
	})
}

func TestAProbeBeginsATraceOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent bytes.Buffer
		m := installation(t, 1, &probes{})[0]
		m.Tracer = trace.New(trace.Config{Ratio: 1, Log: quietLog(), Send: func(_ context.Context, request []byte) error {
			sent.Write(request)
			return nil
		}})
		m.Report(Words)
		time.Sleep(quiet + tick)
		m.Tracer.Close(t.Context())
		if want := "probe vendor"; !strings.Contains(sent.String(), want) {
			t.Errorf("got %q, want a span %q", sent.String(), want)
		}
	})
}
