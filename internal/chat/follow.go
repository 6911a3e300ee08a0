package chat

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// How often the events of answers that other processes write are read, while somebody listens to them here: a tenth of the
// time at the most is spent reading.
const (
	followEvery   = 100 * time.Millisecond
	followAtOnce  = 50               // answers in one statement
	missedEvery   = time.Second      // is looked for answers whose conversation is gone
	followPatient = 10 * time.Second // for one reading
)

// follower has the logs of those answers that other processes write and somebody listens to here. All listeners of an
// answer share a log, and one goroutine, which is there while there are any, reads for all logs.
type follower struct {
	mu       sync.Mutex
	followed map[string]*followed // by message id
	reading  bool
	closed   chan struct{}
	over     bool
}

type followed struct {
	log       eventLog
	listeners int
}

// follow is the stream of an answer that another process writes, or wrote until it died.
func (s *Service) follow(messageID string) (*Stream, error) {
	f := &s.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return nil, errStopping()
	}
	if f.followed == nil {
		f.followed, f.closed = map[string]*followed{}, make(chan struct{})
	}
	one := f.followed[messageID]
	if one == nil {
		one = &followed{}
		f.followed[messageID] = one
	}
	one.listeners++
	if !f.reading {
		f.reading = true
		s.writing.Add(1)
		go s.readOthers()
	}
	return &Stream{MessageID: messageID, log: &one.log, leave: sync.OnceFunc(func() { f.leave(messageID, one) })}, nil
}

func (f *follower) leave(messageID string, one *followed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.listeners--; one.listeners == 0 && f.followed[messageID] == one {
		delete(f.followed, messageID)
	}
}

// drop forgets an answer of which no more is read.
func (f *follower) drop(messageID string, last *Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.followed[messageID]; one != nil {
		one.log.end(last)
		delete(f.followed, messageID)
	}
}

// close lets all listeners go: they find their answers at another process, or here when it is back.
func (f *follower) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	f.over = true
	for _, one := range f.followed {
		one.log.end(notice(errStopping()))
	}
	clear(f.followed)
	if f.closed != nil {
		close(f.closed)
	}
}

// place is how far an answer was read.
type place struct {
	messageID string
	log       *eventLog
	seq       int64
}

// places lists what there is to read; with nothing, the reader is gone.
func (f *follower) places() []place {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]place, 0, len(f.followed))
	for id, one := range f.followed {
		all = append(all, place{id, &one.log, one.log.last()})
	}
	f.reading = len(all) > 0
	return all
}

// readOthers reads until nobody listens.
func (s *Service) readOthers() {
	defer s.writing.Done()
	f := &s.follower
	var looked time.Time
	for {
		all := f.places()
		if len(all) == 0 {
			return
		}
		began := time.Now()
		err := s.readAll(all)
		if err == nil && began.Sub(looked) >= missedEvery {
			looked = began
			err = s.dropMissing(all)
		}
		if err != nil {
			s.Log.Warn("the answers of other processes cannot be read", "answers", len(all), "error", err)
		}
		rest := time.NewTimer(max(followEvery, 10*time.Since(began)))
		select {
		case <-rest.C:
		case <-f.closed:
			rest.Stop()
		}
	}
}

// readAll reads what is new of answers.
func (s *Service) readAll(all []place) error {
	ctx, cancel := context.WithTimeout(context.Background(), followPatient)
	defer cancel()
	for len(all) > 0 {
		n := min(followAtOnce, len(all))
		if err := s.readSome(ctx, all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

func (s *Service) readSome(ctx context.Context, some []place) error {
	where, args := make([]string, len(some)), make([]any, 0, 2*len(some))
	for i, p := range some {
		where[i] = fmt.Sprintf("message_id = $%d and seq > $%d", 2*i+1, 2*i+2)
		args = append(args, p.messageID, p.seq)
	}
	read := map[string][]Event{}
	rows, err := s.DB.Read().QueryContext(ctx, `select message_id, seq, type, data from chat_run_events
		where `+strings.Join(where, " or ")+` order by message_id, seq`, args...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (none struct{}, err error) {
		var id, data string
		var e Event
		if err = scan(&id, &e.Seq, &e.Type, &data); err == nil {
			e.Data = []byte(data)
			read[id] = append(read[id], e)
		}
		return none, err
	})
	if err != nil {
		return err
	}
	for _, p := range some {
		if events := read[p.messageID]; len(events) > 0 {
			p.log.append(events)
			if events[len(events)-1].Type == EventDone {
				s.follower.drop(p.messageID, nil)
			}
		}
	}
	return nil
}

// dropMissing lets those go who listen to an answer whose conversation was deleted.
func (s *Service) dropMissing(all []place) error {
	ctx, cancel := context.WithTimeout(context.Background(), followPatient)
	defer cancel()
	there := map[string]bool{}
	err := inParts(all, idsAtOnce, func(part []place) error {
		ids := make([]any, len(part))
		for i, p := range part {
			ids[i] = p.messageID
		}
		rows, err := s.DB.Read().QueryContext(ctx, `select id from chat_messages where id in (`+db.Placeholders(1, len(ids))+`)`, ids...)
		_, err = db.Collect(rows, err, func(scan func(...any) error) (none struct{}, err error) {
			var id string
			err = scan(&id)
			there[id] = true
			return none, err
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range all {
		if !there[p.messageID] {
			s.follower.drop(p.messageID, notice(fault.New(fault.NotFound, "this conversation was deleted")))
		}
	}
	return nil
}
