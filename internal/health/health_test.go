package health

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runs runs a monitor until the test is over.
func runs(t *testing.T, m *Monitor) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

// found is a check that always finds the same.
func found(name string, vital bool, s Status) Check {
	return Check{Name: name, Vital: vital, Look: func(context.Context) Finding {
		f := Finding{Status: s, Figures: map[string]float64{"n": 1}}
		if s != OK {
			f.Reason = "is not well"
		}
		return f
	}}
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestTheWholeIsAsItsPartsAre(t *testing.T) {
	for name, tc := range map[string]struct {
		checks    []Check
		upstreams []Status
		want      Status
		together  Status
	}{
		"all is well":            {[]Check{found("database", true, OK), found("redis", false, OK)}, []Status{OK, OK}, OK, OK},
		"nothing is configured":  {nil, nil, OK, ""},
		"a vital part is down":   {[]Check{found("database", true, Down), found("redis", false, Degraded)}, []Status{OK}, Down, OK},
		"a vital part is slow":   {[]Check{found("database", true, Degraded)}, nil, Degraded, ""},
		"another is down":        {[]Check{found("database", true, OK), found("redis", false, Down)}, nil, Degraded, ""},
		"an upstream is down":    {[]Check{found("database", true, OK)}, []Status{Down, OK}, Degraded, Degraded},
		"an upstream is slow":    {[]Check{found("database", true, OK)}, []Status{Degraded}, Degraded, Degraded},
		"all upstreams are down": {[]Check{found("database", true, OK)}, []Status{Down, Down}, Degraded, Down},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var upstreams []*Upstream
				for i, s := range tc.upstreams {
					upstreams = append(upstreams, thatIs(string(rune('a'+i)), s))
				}
				m := New(tc.checks, upstreams, quietLog())
				runs(t, m)
				synctest.Wait()
				r := m.Report(Everything)
				if r.Status != tc.want {
					t.Errorf("got %+v, want it %s", r, tc.want)
				}
				if all := r.Find(ExternalAPIs); tc.together != "" && all.Status != tc.together {
					t.Errorf("got %+v of all upstreams, want them %s", all, tc.together)
				}
			})
		})
	}
}

func TestALookThatHangsOrPanicsIsAFindingAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m := New([]Check{
			{Name: "stuck", Vital: true, Look: func(context.Context) Finding { <-release; return Finding{Status: OK} }}, // heeds nothing
			{Name: "late", Look: func(ctx context.Context) Finding { <-ctx.Done(); return Finding{Status: Down, Reason: "gave up"} }},
			{Name: "broken", Look: func(context.Context) Finding { panic("no luck") }},
		}, nil, quietLog())
		runs(t, m)
		synctest.Wait()
		if got := m.Report(Everything).Find("stuck"); got.Status != Degraded {
			t.Errorf("got %+v before it was looked at, want it degraded", got)
		}
		time.Sleep(every + within + grace)
		began := time.Now()
		r := m.Report(Everything)
		for _, name := range []string{"stuck", "late", "broken"} {
			if got := r.Find(name); got.Status != Down {
				t.Errorf("got %+v, want it down", got)
			}
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("asking took %s", waited)
		}
		close(release)
		synctest.Wait()
		if got := m.Report(Everything).Find("stuck"); got.Status != OK {
			t.Errorf("got %+v when it came back, want it ok", got)
		}
	})
}

func TestWhatCannotBeStoppedIsLeftBehindAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		m := New([]Check{{Name: "stuck", Look: func(context.Context) Finding { <-free; return Finding{} }}}, nil, quietLog())
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		began := time.Now()
		m.Run(ctx)
		if took := time.Since(began); took > time.Second+grace {
			t.Errorf("the end took %s", took)
		}
		close(free)
	})
}

func TestStrangersSeeWordsPeopleReasonsAndAdminsFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New([]Check{found("redis", false, Down)}, []*Upstream{thatIs("yahoo", Down)}, quietLog())
		runs(t, m)
		synctest.Wait()
		for sight, want := range map[Sight][2]bool{Words: {}, Reasons: {true, false}, Everything: {true, true}} {
			r := m.Report(sight)
			for _, p := range append(r.Parts, r.Upstreams...) {
				if got := [2]bool{p.Reason != "", p.Figures != nil}; got != want && p.Name != ExternalAPIs || p.Status != Down {
					t.Errorf("%d: got %+v, want its reason and figures to be shown: %v", sight, p, want)
				}
			}
		}
		if r := m.Report(Everything); len(r.Upstreams[0].Figures) == 0 {
			t.Error("what strangers were not shown is gone")
		}
	})
}

func TestChangesAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var status atomic.Value // of a Status
		status.Store(OK)
		m := New([]Check{{Name: "redis", Look: func(context.Context) Finding { return Finding{Status: status.Load().(Status), Reason: "is gone"} }}}, nil,
			slog.New(slog.NewTextHandler(&log, nil)))
		runs(t, m)
		for _, s := range []Status{OK, Down, Down, OK} {
			synctest.Wait()
			status.Store(s)
			time.Sleep(10 * every)
		}
		synctest.Wait()
		if text := log.String(); strings.Count(text, "not well") != 1 || strings.Count(text, "well again") != 1 || strings.Count(text, "\n") != 2 {
			t.Errorf("got %q, want one line for each change", text)
		}
	})
}

func TestAControlGroupIsFoundWithItsLimitAndWhatCanBeDroppedIsNotCounted(t *testing.T) {
	files := map[string]string{
		"/proc/self/cgroup":                 "0::/jaspers\n",
		"/sys/fs/cgroup/jaspers/memory.max": "1000\n", "/sys/fs/cgroup/jaspers/memory.current": "900\n",
		"/sys/fs/cgroup/jaspers/memory.stat": "anon 500\ninactive_file 300\n",
	}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, context.Canceled
	}
	dir := controlGroup(read)
	used, most, ok := groupUse(read, dir)
	if diff := cmp.Diff([]any{"/sys/fs/cgroup/jaspers", 600.0, 1000.0, true}, []any{dir, used, most, ok}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files["/sys/fs/cgroup/jaspers/memory.max"] = "max\n"
	if got := controlGroup(read); got != "" {
		t.Errorf("got %q, want none without a limit", got)
	}
}

func TestDurationsAreSaidInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{90 * time.Second: "90 seconds", 7 * time.Minute: "7 minutes", 50 * time.Hour: "50 hours"} {
		if got := Long(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
