// Package health tells how the server is, and what it rests on: each part is looked at beside the requests, so that asking costs a look into memory.
package health

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// Status is how a part is, or all of them.
type Status string

// The three there are.
const (
	OK       Status = "ok"
	Degraded Status = "degraded" // it works less well, or not in all
	Down     Status = "down"
)

const (
	// every is how often a part is looked at, and within how long a look may take: both together are far less than the
	// quarter of a minute in which a change is to be seen.
	every  = 3 * time.Second
	within = 4 * time.Second
	// soon is how often a part is looked at whose gate is shut, so that it opens as soon as it can.
	soon = time.Second
	// grace is how much longer is waited for a look that does not heed its time.
	grace = time.Second
)

// Finding is how a part was when it was looked at.
type Finding struct {
	Status Status
	// Reason says why it is not OK, for people who are signed in: without addresses, paths, names of people or keys.
	Reason string
	// Figures are for admins, by names that tell their units.
	Figures map[string]float64
	// Silent says of a part that is Down that it answers nobody: whoever asks it waits in vain.
	Silent bool
}

// Check looks at one part, again and again.
type Check struct {
	Name string
	// Vital says that the server can do nothing for anybody while the part is down.
	Vital bool
	// Gate is shut while the part is silent; nil where nobody passes one.
	Gate *Gate
	// Every is how often; 3 s.
	Every time.Duration
	// Look has 4 s, and ends with its context. One that goes on is a finding, too.
	Look func(context.Context) Finding
}

// Part is a part as it is shown.
type Part struct {
	Name    string             `json:"name"`
	Status  Status             `json:"status" enum:"ok,degraded,down"`
	Reason  string             `json:"reason,omitempty" doc:"Why it is not ok. For people who are signed in."`
	Figures map[string]float64 `json:"figures,omitempty" doc:"What was measured. For admins."`
}

// Report is how everything is.
type Report struct {
	Status    Status
	Parts     []Part // in the order of the checks, and ExternalAPIs last
	Upstreams []Part // by their names
}

// Find is the part of a name; without one it is OK, since it is not configured.
func (r Report) Find(name string) Part {
	for _, p := range r.Parts {
		if p.Name == name {
			return p
		}
	}
	return Part{Name: name, Status: OK}
}

// ExternalAPIs is the part that all upstreams are together.
const ExternalAPIs = "externalApis"

// Sight is how much of a report somebody sees.
type Sight int

// Strangers see words, people who are signed in the reasons, admins everything.
const (
	Words Sight = iota
	Reasons
	Everything
)

// Monitor looks at all parts.
type Monitor struct {
	// Tracer begins a span for each probe; nil for none.
	Tracer *trace.Tracer

	parts     []*part
	upstreams []*Upstream
	log       *slog.Logger
	asked     atomic.Int64 // when somebody asked last, since began
	began     time.Time
}

// New makes a monitor, which sees nothing until it runs.
func New(checks []Check, upstreams []*Upstream, log *slog.Logger) *Monitor {
	m := &Monitor{upstreams: slices.Clone(upstreams), log: log, began: time.Now()}
	for _, c := range checks {
		if c.Every == 0 {
			c.Every = every
		}
		p := &part{Check: c, log: log}
		p.latest.Store(&Finding{Status: Degraded, Reason: "was not looked at yet"})
		m.parts = append(m.parts, p)
	}
	slices.SortFunc(m.upstreams, func(a, b *Upstream) int { return strings.Compare(a.Name, b.Name) })
	m.asked.Store(int64(-lookedFor))
	return m
}

// Run looks until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, p := range m.parts {
		all.Go(func() { p.watch(ctx) })
	}
	for _, u := range m.upstreams {
		all.Go(func() { m.probe(ctx, u) })
	}
	m.tell(ctx)
}

// Report is how everything was found last, as much of it as may be seen. It waits for nothing. Who asks has upstreams
// probed that nobody else asks anything.
func (m *Monitor) Report(sight Sight) Report {
	m.asked.Store(int64(time.Since(m.began)))
	r := m.report()
	for _, parts := range [][]Part{r.Parts, r.Upstreams} {
		for i := range parts {
			if sight < Reasons {
				parts[i].Reason = ""
			}
			if sight < Everything {
				parts[i].Figures = nil
			}
		}
	}
	return r
}

func (m *Monitor) report() Report {
	r := Report{Status: OK, Parts: make([]Part, 0, len(m.parts)+1), Upstreams: make([]Part, 0, len(m.upstreams))}
	for _, p := range m.parts {
		f := p.latest.Load()
		r.Parts = append(r.Parts, Part{p.Name, f.Status, f.Reason, f.Figures})
		switch {
		case p.Vital && f.Status == Down:
			r.Status = Down
		case f.Status != OK && r.Status == OK:
			r.Status = Degraded
		}
	}
	for _, u := range m.upstreams {
		f := u.Finding()
		r.Upstreams = append(r.Upstreams, Part{u.Name, f.Status, f.Reason, f.Figures})
	}
	if len(m.upstreams) > 0 {
		all := together(r.Upstreams)
		r.Parts = append(r.Parts, all)
		if all.Status != OK && r.Status == OK {
			r.Status = Degraded
		}
	}
	return r
}

// together is how all upstreams are: down when each of them is.
func together(upstreams []Part) Part {
	all := Part{Name: ExternalAPIs, Status: OK}
	var reasons []string
	down := 0
	for _, u := range upstreams {
		if u.Status == OK {
			continue
		}
		all.Status = Degraded
		reasons = append(reasons, u.Name+" "+u.Reason)
		if u.Status == Down {
			down++
		}
	}
	if down == len(upstreams) {
		all.Status = Down
	}
	all.Reason = strings.Join(reasons, "; ")
	return all
}

// tell logs what changes.
func (m *Monitor) tell(ctx context.Context) {
	known := map[string]Status{}
	for pause.For(ctx, every) == nil {
		r := m.report()
		for _, p := range append(r.Parts, r.Upstreams...) {
			was, seen := known[p.Name]
			known[p.Name] = p.Status
			switch {
			case p.Status == was || p.Name == ExternalAPIs:
			case p.Status != OK:
				m.log.WarnContext(ctx, "not well", "part", p.Name, "status", p.Status, "reason", p.Reason)
			case seen:
				m.log.InfoContext(ctx, "well again", "part", p.Name)
			}
		}
	}
}

// part is a check with what it found last.
type part struct {
	Check
	log    *slog.Logger
	latest atomic.Pointer[Finding]
}

func (p *part) watch(ctx context.Context) {
	for {
		p.look(ctx)
		next := p.Every
		if p.Gate != nil && p.latest.Load().Silent {
			next = min(next, soon)
		}
		if pause.For(ctx, next) != nil {
			return
		}
	}
}

// found keeps a finding, and opens or shuts the part's gate by it.
func (p *part) found(f Finding) {
	p.latest.Store(&f)
	if p.Gate != nil {
		p.Gate.set(!f.Silent)
	}
}

// look looks once. What does not come back is down, whatever it may say later; it is not looked at again before it does.
func (p *part) look(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	done := make(chan Finding, 1)
	go func() { done <- p.guarded(bounded) }()
	late := time.NewTimer(within + grace)
	defer late.Stop()
	for {
		select {
		case f := <-done:
			if ctx.Err() == nil { // else it may be the end that was found
				p.found(f)
			}
			return
		case <-late.C:
			p.found(Finding{Status: Down, Reason: "does not answer: looking at it comes to no end", Silent: true})
		case <-ctx.Done():
			select {
			case <-done:
			case <-time.After(grace): // whatever hangs there is left behind
			}
			return
		}
	}
}

// guarded makes a panic a finding, and tells of it.
func (p *part) guarded(ctx context.Context) (f Finding) {
	defer func() {
		if v := recover(); v != nil {
			f = Finding{Status: Down, Reason: "cannot be looked at"}
			p.log.ErrorContext(ctx, "panic", "error", fault.Recovered("the look at "+p.Name, v), "stack", string(debug.Stack()))
		}
	}()
	return p.Look(ctx)
}

// Milliseconds is a duration as figures have it.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Seconds is a longer one.
func Seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// Long says a duration in words.
func Long(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d seconds", int(d/time.Second))
	}
	if d < 2*time.Hour {
		return fmt.Sprintf("%d minutes", int(d/time.Minute))
	}
	return fmt.Sprintf("%d hours", int(d/time.Hour))
}
