package flight

import (
	"context"
	"fmt"
	"time"
)

// Work is something that takes time. Nobody's leaving ends it: Life does, and that Limit is over.
type Work struct {
	Life  context.Context
	Limit time.Duration
	Do    func(context.Context) error
}

// Do does the work of a name once for all who want it at the same time, and waits for it until ctx ends, which is then the
// error. A panic is an error: those who wait must not wait for ever.
func (g *Group) Do(ctx context.Context, name string, w Work) error {
	all, ours := g.Join([]string{name}, func(string) bool { return true })
	if len(ours) > 0 {
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Limit)
			defer cancel()
			defer context.AfterFunc(w.Life, cancel)()
			g.Land(ours, map[string]error{name: w.guarded(bounded)})
		}()
	}
	select {
	case <-all[name].Done:
		return all[name].Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w Work) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.Do(ctx)
}
