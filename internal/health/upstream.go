package health

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const (
	// judged is by how many of the last attempts an upstream is judged, of those since recent or, where there is none, by
	// the last one.
	judged = 3
	recent = 90 * time.Second
	// settled is how long nothing good was heard of one that failed last before it is taken to be down, however few tried.
	settled = 10 * time.Second
	// slow is how long an upstream may take before it is slow.
	slow = 5 * time.Second

	// An upstream is probed when nobody asked it for so long as quiet, and somebody looked not longer ago than lookedFor.
	quiet     = 15 * time.Second
	lookedFor = time.Minute
	probeTime = 10 * time.Second
	tick      = time.Second
	// reachEvery is how often one that ended its connections is tried to be connected to, reachTime how long each try may take,
	// and misses how many have to fail.
	reachEvery = 3 * time.Second
	reachTime  = 3 * time.Second
	misses     = 2
	// ProbeEvery is how long lies between two probes of an upstream at least, over all processes of the installation.
	ProbeEvery = time.Minute
)

// What is wrong with an attempt, as it is said of the upstream.
const (
	unreachable = "cannot be reached, or cannot answer"
	late        = "does not answer in time"
	useless     = "gives answers that cannot be used"
	refusing    = "does not let this server in: its operator has to look at the settings for it"
	strained    = "takes no more requests right now"
)

// Upstream is one outside service, judged by how attempts to ask it end. It is safe for concurrent use.
type Upstream struct {
	Name string
	// Refusals are the statuses by which it refuses this server, and not somebody whose account it is asked about.
	Refusals []int
	// Waiting is how long it has left somebody waiting who still waits.
	Waiting func() time.Duration
	// Probe asks it the least that shows how it is, in one request.
	Probe func(context.Context) error
	// Reach connects to it and asks nothing, if it ended the connections there were; an error is that it cannot be reached.
	Reach func(context.Context) error
	// Turn tells, at once, whether it may be probed now: nil at most once in ProbeEvery over all processes.
	Turn func(context.Context) error

	mu   sync.Mutex
	last []attempt // the latest last, no more than judged
	// unreached is how often it was tried in vain to be connected to, since the latest attempt.
	unreached int
}

// attempt is how one attempt ended.
type attempt struct {
	at       time.Time
	trouble  string // empty for none
	strained bool
	took     time.Duration
}

type probing struct{}

// Record notes an attempt; it is for upstream.Config.
func (u *Upstream) Record(ctx context.Context, c upstream.Call) {
	if ctx.Value(probing{}) != nil || c.Failure == fault.Canceled {
		return
	}
	a := attempt{took: c.Duration}
	switch {
	case c.Status == 0:
		a.trouble = troubleOfKind(c.Failure)
	case slices.Contains(u.Refusals, c.Status):
		a.trouble = refusing
	case c.Status >= http.StatusInternalServerError:
		a.trouble = unreachable
	case c.Status == http.StatusTooManyRequests:
		a.strained = true
	}
	u.note(a)
}

// Useless takes an attempt back that seemed to be a good one; it is for upstream.Config.
func (u *Upstream) Useless(ctx context.Context) {
	if ctx.Value(probing{}) == nil {
		u.takeBack(useless)
	}
}

// Told takes in how something ended of which more is known than how its attempts did: one that began well may have broken
// off. What went wrong with the last attempt is known already. It is nil when it went well.
func (u *Upstream) Told(err error) {
	trouble := troubleOf(err)
	if trouble == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch last := len(u.last) - 1; {
	case last < 0:
		u.add(attempt{trouble: trouble})
	case u.last[last].trouble == "" && !u.last[last].strained:
		u.last[last].trouble = trouble
	}
}

// troubleOf is what an error says of the upstream: nothing, where it is about what was asked, or where nothing was.
func troubleOf(err error) string {
	if err == nil || errors.Is(err, upstream.ErrUnasked) {
		return ""
	}
	return troubleOfKind(fault.KindOf(err))
}

func troubleOfKind(kind fault.Kind) string {
	switch kind {
	case fault.UpstreamDown:
		return unreachable
	case fault.UpstreamTimeout:
		return late
	case fault.UpstreamFailed:
		return useless
	case fault.ModelNotConfigured, fault.FilingsNotConfigured:
		return refusing
	}
	return ""
}

func (u *Upstream) note(a attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.add(a)
}

func (u *Upstream) add(a attempt) {
	a.at = time.Now()
	u.unreached = 0
	u.last = append(u.last, a)
	u.last = slices.Delete(u.last, 0, max(len(u.last)-judged, 0))
}

// takeBack makes the latest good attempt a bad one. Which of those at the same time it was is all the same.
func (u *Upstream) takeBack(trouble string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := len(u.last) - 1; i >= 0; i-- {
		if u.last[i].trouble == "" {
			u.last[i].trouble = trouble
			return
		}
	}
	u.add(attempt{trouble: trouble})
}

// known are the attempts that count, when the latest was, and how often it could not be reached since.
func (u *Upstream) known() (list []attempt, latest time.Time, unreached int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.last) == 0 {
		return nil, time.Time{}, u.unreached
	}
	first := slices.IndexFunc(u.last, func(a attempt) bool { return time.Since(a.at) < recent })
	if first < 0 {
		first = len(u.last) - 1
	}
	return slices.Clone(u.last[first:]), u.last[len(u.last)-1].at, u.unreached
}

// Finding is how the upstream is: down when all of its last attempts failed, the last one did and nothing good was heard for
// a while, or it takes no connections; degraded when one did, when it is slow, or when it takes no more.
func (u *Upstream) Finding() Finding {
	waiting := u.Waiting()
	list, latest, unreached := u.known()
	failed, trouble, isStrained, took := 0, "", false, waiting
	var good time.Time // when something good was heard
	for _, a := range list {
		if a.trouble != "" {
			failed++
			trouble = a.trouble
		} else {
			good = a.at
		}
		isStrained, took = isStrained || a.strained, max(took, a.took)
	}
	gone := failed == len(list) || list[len(list)-1].trouble != "" && time.Since(good) >= settled
	f := Finding{Status: OK, Figures: map[string]float64{
		"attempts": float64(len(list)), "failed": float64(failed), "slowestMs": Milliseconds(took), "waitingMs": Milliseconds(waiting),
	}}
	if len(list) > 0 {
		f.Figures["askedSecondsAgo"] = Seconds(time.Since(latest))
	}
	switch {
	case unreached >= misses:
		f.Status, f.Reason = Down, unreachable
	case failed > 0 && gone:
		f.Status, f.Reason = Down, trouble
	case failed > 0:
		f.Status, f.Reason = Degraded, "fails at times: it "+trouble
	case isStrained:
		f.Status, f.Reason = Degraded, strained
	case took >= slow:
		f.Status, f.Reason = Degraded, "answers slowly"
	case len(list) == 0:
		f.Reason = "was not asked anything yet"
	}
	return f
}

// probe asks an upstream how it is whenever somebody wants to know and nobody else asked it anything lately. Whose turn it is
// stands in the database: without that it is nobody's.
func (m *Monitor) probe(ctx context.Context, u *Upstream) {
	var reached time.Time
	for pause.For(ctx, tick) == nil {
		if time.Since(m.began)-time.Duration(m.asked.Load()) >= lookedFor {
			continue
		}
		if time.Since(reached) >= reachEvery {
			reached = time.Now()
			u.reach(ctx)
		}
		_, latest, _ := u.known()
		if m.report().Find(DatabaseName).Status != OK || time.Since(latest) < quiet || u.Waiting() > 0 || u.Turn(ctx) != nil {
			continue
		}
		traced, span := m.Tracer.Begin(ctx, "probe "+u.Name, trace.Internal, "")
		span.End(fault.NameOf(u.ask(traced)))
	}
}

// reach notes whether an upstream that ended its connections takes new ones.
func (u *Upstream) reach(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	err := u.Reach(bounded)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		u.unreached = 0
	case ctx.Err() == nil:
		u.unreached++
	}
}

// ask probes the upstream and notes how that ended.
func (u *Upstream) ask(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(context.WithValue(upstream.Once(ctx), probing{}, true), probeTime)
	defer cancel()
	began := time.Now()
	err := u.Probe(bounded)
	if ctx.Err() != nil {
		return err
	}
	if errors.Is(err, upstream.ErrUnasked) { // our own door was shut: what is known of it stands
		return err
	}
	u.note(attempt{took: time.Since(began), trouble: troubleOf(err)})
	return err
}
