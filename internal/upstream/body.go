package upstream

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// maxDrain is how much of an answer nobody wants is read to keep its connection.
const maxDrain = 64 << 10

// ErrTooLarge is the cause of an error about an answer with more than MaxBody.
var ErrTooLarge = errors.New("the answer is too large")

// patientBody ends a body that falls silent, and one that goes on for too long. A read that waits in vain closes the
// connection under it.
type patientBody struct {
	io.ReadCloser
	client *Client
	ctx    context.Context // of the request
	left   int64           // bytes that may still come
	late   atomic.Bool
}

func (c *Client) newPatientBody(ctx context.Context, body io.ReadCloser) *patientBody {
	return &patientBody{ReadCloser: body, client: c, ctx: ctx, left: c.cfg.MaxBody}
}

func (b *patientBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLarge()
	}
	timer := time.AfterFunc(b.client.cfg.IdleTimeout, func() {
		b.late.Store(true)
		_ = b.ReadCloser.Close()
	})
	defer timer.Stop()
	over := b.client.waits.begin()
	n, err := b.ReadCloser.Read(p)
	over()
	if b.left -= int64(n); b.left < 0 {
		return n + int(b.left), b.tooLarge()
	}
	if err != nil && err != io.EOF && b.ctx.Err() == nil {
		b.client.cfg.Useless(b.ctx)
	}
	if err != nil && b.late.Load() {
		return n, fault.Wrap(fault.UpstreamTimeout, err, "%s stopped in the middle of its answer; try again", b.client.cfg.Provider)
	}
	return n, err
}

func (b *patientBody) tooLarge() error {
	return fault.Wrap(fault.UpstreamFailed, ErrTooLarge, "%s sent more than is accepted", b.client.cfg.Provider)
}

// discard lets go of an answer that is not used. What little it says is read first, so that its connection serves the
// next attempt; what it does not say quickly is given up.
func discard(body io.ReadCloser) {
	late := time.AfterFunc(minWait, func() { _ = body.Close() })
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, body, maxDrain)
	_ = body.Close()
}
