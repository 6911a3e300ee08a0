package api

import (
	"cmp"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// maxStreams is how many streams a process has open at a time.
const maxStreams = 10_000

// streamsBusy is when trying again makes sense for who has too many streams open.
const streamsBusy = 5 * time.Second

// listeners counts who has streams open.
type listeners struct {
	mu    sync.Mutex
	most  int // of one user
	total int
	users map[string]int
}

func newListeners(rates Rates) *listeners {
	return &listeners{most: cmp.Or(rates.Streams, defaultStreams), users: map[string]int{}}
}

// enter takes a place for a stream of a user's, which leave gives back. RateLimited when the user, and Overloaded when the
// process has too many open.
func (l *listeners) enter(userID string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.users[userID] >= l.most:
		return nil, fault.New(fault.RateLimited, "you are listening to %d streams already; close one of them, then try again", l.most).WithRetryAfter(streamsBusy)
	case l.total >= maxStreams:
		return nil, fault.New(fault.Overloaded, "too many streams are open at the moment; try again soon").WithRetryAfter(streamsBusy)
	}
	l.total++
	l.users[userID]++
	return sync.OnceFunc(func() { l.leave(userID) }), nil
}

func (l *listeners) leave(userID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.users[userID]--; l.users[userID] == 0 {
		delete(l.users, userID)
	}
}
