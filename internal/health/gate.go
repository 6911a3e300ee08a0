package health

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// shutFor is after how long somebody who found a gate shut may come again.
const shutFor = 3 * time.Second

// Gate is shut while the part behind it answers nobody, so that nobody waits there in vain. It is open until the part was
// looked at.
type Gate struct{ latest atomic.Pointer[opening] }

// opening is the time from when a gate opens until it shuts.
type opening struct {
	shut context.CancelFunc
	over context.Context
}

// NewGate makes a gate, which the Check that it is given to opens and shuts.
func NewGate() *Gate {
	g := &Gate{}
	g.open()
	return g
}

// Enter is ctx until the gate shuts: then it ends with the fault Overloaded as its cause, which is the error where the gate is
// shut already. Whoever entered has to leave.
func (g *Gate) Enter(ctx context.Context) (inside context.Context, leave func(), err error) {
	o := g.latest.Load()
	if o.over.Err() != nil {
		return nil, nil, shutFault()
	}
	inside, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(o.over, func() { cancel(shutFault()) })
	return inside, func() {
		stop()
		cancel(nil)
	}, nil
}

func shutFault() error {
	return fault.New(fault.Overloaded, "the database does not answer right now; try again in a moment").WithRetryAfter(shutFor)
}

// set opens or shuts the gate. Only one goroutine may.
func (g *Gate) set(open bool) {
	o := g.latest.Load()
	switch isOpen := o.over.Err() == nil; {
	case open && !isOpen:
		g.open()
	case !open && isOpen:
		o.shut()
	}
}

func (g *Gate) open() {
	over, shut := context.WithCancel(context.Background())
	g.latest.Store(&opening{shut, over})
}
