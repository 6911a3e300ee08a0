package trace_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/jaspers-ai/jaspers/internal/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector keeps what it is sent.
type collector struct {
	mu    sync.Mutex
	spans map[string]*tracepb.Span
	err   error
}

func (c *collector) send(_ context.Context, request []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var data tracepb.TracesData
	if err := proto.Unmarshal(request, &data); err != nil {
		return err
	}
	for _, r := range data.ResourceSpans {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				c.spans[span.Name] = span
			}
		}
	}
	return c.err
}

func newTracer(ratio float64) (*trace.Tracer, *collector) {
	c := &collector{spans: map[string]*tracepb.Span{}}
	return trace.New(trace.Config{Send: c.send, Ratio: ratio, Version: "1", Log: slog.New(slog.DiscardHandler)}), c
}

const (
	theirs      = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + theirs + "-b7ad6b7169203331-00"
)

func TestSpansOfOneRequestAreOneTraceWhichGoesOnAfterIt(t *testing.T) {
	tracer, c := newTracer(1)
	ctx, root := tracer.Begin(t.Context(), "request", trace.Server, traceparent)
	_, part := trace.Start(ctx, "part")
	part.Text("provider", "Alpaca")
	part.Count("status", 503)
	part.End("upstream_unavailable")
	root.Name("GET /api/x")
	root.End("")
	_, later := trace.Start(ctx, "later")
	later.End("")
	parent := trace.Parent(ctx)
	_, job := tracer.Begin(t.Context(), "job", trace.Consumer, parent)
	job.End("")
	traceID, spanID := trace.IDs(ctx)
	tracer.Close(t.Context())
	if traceID != theirs || len(spanID) != 16 || len(c.spans) != 4 {
		t.Fatalf("got the trace %s, span %s and %d spans, want the caller's trace and four", traceID, spanID, len(c.spans))
	}
	root1 := string(c.spans["GET /api/x"].SpanId)
	for _, name := range []string{"part", "later", "job"} {
		if s := c.spans[name]; s == nil || string(s.ParentSpanId) != root1 {
			t.Errorf("the span %s is %v, want one below the request's", name, s)
		}
	}
	if s := c.spans["part"]; s.Status.Code != tracepb.Status_STATUS_CODE_ERROR || s.Status.Message != "upstream_unavailable" || len(s.Attributes) != 2 {
		t.Errorf("got %v, want its failure and two attributes", s)
	}
}

func TestWhatIsNoParentBeginsATraceOfItsOwn(t *testing.T) {
	tracer, _ := newTracer(1)
	defer tracer.Close(t.Context())
	for _, parent := range []string{"", "00-zz", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-" + theirs} {
		ctx, span := tracer.Begin(t.Context(), "request", trace.Server, parent)
		span.End("")
		if id, _ := trace.IDs(ctx); len(id) != 32 || id == theirs {
			t.Errorf("%q: got the trace %q, want a new one", parent, id)
		}
	}
}

func TestTheCallersFlagDoesNotDecideWhatIsRecorded(t *testing.T) {
	tracer, c := newTracer(0)
	ctx, span := tracer.Begin(t.Context(), "request", trace.Server, "00-"+theirs+"-b7ad6b7169203331-01")
	_, part := trace.Start(ctx, "part")
	part.End("")
	span.End("")
	tracer.Close(t.Context())
	if id, _ := trace.IDs(ctx); id != "" || trace.Parent(ctx) != "" || len(c.spans) != 0 {
		t.Errorf("got %d spans and the trace %q, want none where the ratio is 0", len(c.spans), id)
	}
}

func TestWithoutATracerNothingIsRecorded(t *testing.T) {
	var none *trace.Tracer
	ctx, span := none.Begin(t.Context(), "request", trace.Server, traceparent)
	inner, part := trace.Start(ctx, "part")
	part.Text("a", "b")
	part.End("x")
	span.Name("y")
	span.End("")
	none.Close(t.Context())
	if ctx != t.Context() || inner != ctx || trace.Parent(ctx) != "" {
		t.Error("got another context, want the one there was")
	}
}

func TestACollectorThatRefusesHoldsNothingUp(t *testing.T) {
	tracer, c := newTracer(1)
	c.err = errors.New("no")
	for range 10_000 {
		_, span := tracer.Begin(t.Context(), "request", trace.Server, "")
		span.End("")
	}
	tracer.Close(t.Context())
}

// What a span costs where nothing is traced: nothing is allocated for it.
func BenchmarkASpanWhereNothingIsTraced(b *testing.B) {
	ctx := context.WithValue(context.WithValue(b.Context(), &b, 1), b, 2)
	b.ReportAllocs()
	for b.Loop() {
		_, span := trace.Start(ctx, "part")
		span.Text("provider", "Alpaca")
		span.End("")
	}
}

func TestASpanWhereNothingIsTracedAllocatesNothing(t *testing.T) {
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, span := trace.Start(ctx, "part")
		span.Text("provider", "Alpaca")
		span.Count("status", 200)
		span.End("")
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
