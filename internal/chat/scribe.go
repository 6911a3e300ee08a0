package chat

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// The scribe stores what all answers of a process say, and only then lets it be heard: what somebody heard is never lost.
// It writes in rounds, each one transaction for what some of the answers said since it was their turn, so that those who
// listen to them do not all wake at once. After a round it rests, on SQLite for as long as the round took, so that storing takes
// half of what the one who may write can do at the most; what waits becomes fewer and longer events.
const (
	mostInRound  = 128 // answers
	shortestRest = 5 * time.Millisecond
	longestRest  = 50 * time.Millisecond
	// lookEvery is how often the rows of all answers are looked at: whether they are still ours, or to be stopped.
	lookEvery  = time.Second
	storeTime  = 5 * time.Second // for one transaction
	leaseTime  = 10 * time.Second
	leaseEvery = 3 * time.Second
)

// draft is an event before it has a number.
type draft struct {
	kind string
	data any
	text string // of a delta
	at   time.Time
}

// draft adds what the analyst says to what waits for the scribe.
func (r *Run) draft(e analyst.Event, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Tool != nil && e.Tool.Output != nil {
		r.calls = append(r.calls, *e.Tool)
	}
	kind, data := dataOf(e)
	if last := len(r.unsaid) - 1; kind == EventDelta && last >= 0 && r.unsaid[last].kind == EventDelta {
		r.unsaid[last].text += e.Delta
		return
	}
	r.unsaid = append(r.unsaid, draft{kind, data, e.Delta, at})
}

// part is a piece of an answer's stream on its way into the database, with the tool calls that ended meanwhile. It stays
// as it is until it is stored: a commit whose answer got lost has its numbers.
type part struct {
	events []stamped
	calls  []analyst.ToolCall
}

// takePart takes what waits, unless there is still a part that could not be stored, and tells whether there is anything.
func (r *Run) takePart() (bool, error) {
	if len(r.part.events) > 0 {
		return true, nil
	}
	err := r.takeRest()
	return len(r.part.events) > 0, err
}

// takeRest adds all that waits to the part. A call comes with the event of its end, or before it.
func (r *Run) takeRest() error {
	r.mu.Lock()
	unsaid, calls := r.unsaid, r.calls
	r.unsaid, r.calls = nil, nil
	r.mu.Unlock()
	r.part.calls = append(r.part.calls, calls...)
	for _, d := range unsaid {
		if d.kind == EventDelta {
			d.data = DeltaData{Text: d.text}
		}
		e, err := encodeEvent(r.log.last()+int64(len(r.part.events))+1, d.kind, d.data, d.at)
		if err != nil {
			return err
		}
		r.part.events = append(r.part.events, e)
	}
	return nil
}

// told lets the stored part be heard.
func (r *Run) told() {
	events := make([]Event, len(r.part.events))
	for i, e := range r.part.events {
		events[i] = e.Event
	}
	r.part = part{}
	if len(events) > 0 {
		r.log.append(events)
	}
}

// wake lets the scribe know that there is something to do.
func wake(spoke chan<- struct{}) {
	select {
	case spoke <- struct{}{}:
	default: // it knows
	}
}

// scribe works until no answers are written any more.
func (s *Service) scribe() {
	defer s.writing.Done()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	all := false
	for {
		runs := s.scribed()
		if len(runs) == 0 {
			return
		}
		for some := range slices.Chunk(runs, mostInRound) {
			began := time.Now()
			s.round(some, all)
			time.Sleep(s.restAfter(time.Since(began)))
		}
		select {
		case <-s.spoke:
			all = false
		case <-look.C:
			all = true
		}
	}
}

func (s *Service) restAfter(round time.Duration) time.Duration {
	if s.DB.Engine == db.Postgres { // which many can write to at once
		return shortestRest
	}
	return min(max(round, shortestRest), longestRest)
}

// scribed lists the answers that are written, always in the same order, so that each has its turn as often; with none, the
// scribe is gone.
func (s *Service) scribed() []*Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scribing = len(s.runs) > 0
	runs := make([]*Run, 0, len(s.runs))
	for _, run := range s.runs {
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b *Run) int { return strings.Compare(a.MessageID, b.MessageID) })
	return runs
}

// round stores what was said, and looks at the rows of those who said something, or of all. Who makes a round fail,
// whatever may be wrong with it, does not keep the others from being stored.
func (s *Service) round(runs []*Run, all bool) {
	s.rounds.Lock()
	defer s.rounds.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	s.mu.Lock()
	s.abandonRound = cancel
	s.mu.Unlock()
	runs = slices.DeleteFunc(runs, func(r *Run) bool {
		if r.finishing {
			return true
		}
		said, err := r.takePart()
		if err != nil {
			r.cancel(fault.Wrap(fault.Internal, err, "an event does not print"))
		}
		return !said && !all
	})
	err := s.storeRound(ctx, runs)
	if err == nil {
		return
	}
	s.Log.WarnContext(ctx, "what answers said cannot be stored", "answers", len(runs), "error", err)
	for _, r := range runs {
		if ctx.Err() != nil || len(runs) == 1 { // tried again in the next round
			return
		}
		_ = s.storeRound(ctx, []*Run{r})
	}
}

// storeRound stores the parts of runs in one transaction, and lets them be heard.
func (s *Service) storeRound(ctx context.Context, runs []*Run) error {
	if len(runs) == 0 {
		return nil
	}
	now := db.Time(s.Now())
	var rows map[string]row
	err := s.DB.TxFirst(ctx, func(tx *sql.Tx) (err error) {
		if rows, err = s.lockRows(ctx, tx, runs); err != nil {
			return err
		}
		var old []string
		var lines []line
		for _, r := range runs {
			if !rows[r.MessageID].held {
				continue
			}
			if now.Sub(r.leased) >= leaseEvery {
				old = append(old, r.MessageID)
			}
			if err := insertToolCalls(ctx, tx, r.MessageID, r.part.calls); err != nil {
				return err
			}
			lines = append(lines, r.part.lines(r.MessageID)...)
		}
		if err := renewLeases(ctx, tx, old, now.Add(leaseTime)); err != nil {
			return err
		}
		return s.insertEvents(ctx, tx, lines)
	})
	if err != nil {
		return err
	}
	for _, r := range runs {
		r.stored(rows[r.MessageID], now)
	}
	return nil
}

func (p part) lines(messageID string) []line {
	lines := make([]line, len(p.events))
	for i, e := range p.events {
		lines[i] = line{messageID, e}
	}
	return lines
}

// stored is what a run does with what a round found of its row.
func (r *Run) stored(of row, now time.Time) {
	switch {
	case of.held:
		r.told()
		if now.Sub(r.leased) >= leaseEvery {
			r.leased = now
		}
		if of.stop {
			r.cancel(errStopped)
		}
	case !of.running:
		r.cancel(errLost)
	}
}

// row is how a running answer's row was found.
type row struct {
	running bool // it is ours to write
	held    bool // and locked until the transaction ends
	stop    bool // somebody wants it stopped
}

// lockRows locks the rows of answers, so that nobody ends them meanwhile. Rows that others hold are left for the next
// round: one conversation that is just being deleted must not keep all others waiting.
func (s *Service) lockRows(ctx context.Context, tx *sql.Tx, runs []*Run) (map[string]row, error) {
	rows := make(map[string]row, len(runs))
	ids := make([]string, len(runs))
	for i, r := range runs {
		ids[i] = r.MessageID
	}
	err := findRunning(ctx, tx, ids, s.DB.SkipLocked(), func(id string, stop bool) { rows[id] = row{running: true, held: true, stop: stop} })
	if err != nil || len(rows) == len(runs) {
		return rows, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return rows[id].held })
	err = findRunning(ctx, tx, ids, "", func(id string, _ bool) { rows[id] = row{running: true} })
	return rows, err
}
