package chat

import (
	"context"
	"time"
)

// Close lets no new answer begin, lets those go who listen to other processes' answers, and waits for those being written
// here. When ctx ends first, the rest are stored as interrupted, for which they have three seconds. Close returns when
// nothing is written any more or these are over; what the database did not take by then is left to Recover.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.follower.close()
	idle := make(chan struct{})
	go func() {
		s.writing.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return
	case <-ctx.Done():
	}
	s.interrupt()
	over := time.NewTimer(closeTime)
	defer over.Stop()
	select {
	case <-idle:
	case <-over.C:
		s.abandonAll()
	}
}

// interrupt ends the writing of all answers, those included that are about to begin.
func (s *Service) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupting = true
	for _, run := range s.runs {
		run.cancel(errClosing)
	}
}

func (s *Service) abandonAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		run.abandon()
	}
	if s.abandonRound != nil {
		s.abandonRound()
	}
}
