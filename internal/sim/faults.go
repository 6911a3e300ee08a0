package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The providers a Sim serves: the names faults, counts and URL prefixes go by.
const (
	ProviderAlpaca  = "alpaca"
	ProviderIBKR    = "ibkr"
	ProviderYahoo   = "yahoo"
	ProviderClaude  = "claude"
	ProviderEDGAR   = "edgar"
	ProviderFinnhub = "finnhub"
)

// FaultKind is a way for a provider to fail.
type FaultKind string

// The faults any provider can have.
const (
	FaultLatency     FaultKind = "latency"      // answers after Delay, or when the provider is well again
	FaultRateLimited FaultKind = "rate_limited" // 429, with Retry-After when RetryAfter is set
	FaultServerError FaultKind = "server_error" // Status (500 when 0) with a page of HTML, or the vendor's JSON where it has one
	FaultCutBody     FaultKind = "cut_body"     // the connection closes in the middle of the true answer
	FaultGarbage     FaultKind = "garbage"      // 200 with something that only begins like JSON
	FaultWrongTypes  FaultKind = "wrong_types"  // the true answer, whose texts and numbers have become something else
)

// The faults of a language model's answer; the handler reads them with faultOf.
const (
	FaultStreamHang FaultKind = "stream_hang" // a stream that stops talking and never ends
	FaultStreamCut  FaultKind = "stream_cut"  // a stream that ends without message_stop
	FaultOverloaded FaultKind = "overloaded"  // an overloaded_error in the middle of the stream
	FaultRefusal    FaultKind = "refusal"     // the model declines
	FaultMaxTokens  FaultKind = "max_tokens"  // the answer hits its length limit

	FaultStreamPings  FaultKind = "stream_pings"   // a stream that says nothing but pings from its middle on
	FaultStreamBytes  FaultKind = "stream_bytes"   // the true answer, every byte in a packet of its own
	FaultUnknown      FaultKind = "stream_unknown" // the true answer, with events, blocks and deltas that nobody knows
	FaultToolInputCut FaultKind = "tool_input_cut" // the input of the first call ends in its middle, the stream does not
	FaultSameToolID   FaultKind = "same_tool_id"   // every call of an answer has the id of the first
	FaultToolLoop     FaultKind = "tool_loop"      // the model calls the first tool it is offered, for ever
	FaultPaused       FaultKind = "pause_turn"     // the model pauses where it would have ended
	FaultContextFull  FaultKind = "context_full"   // the model stops because it can read no more
	FaultEmptyTurn    FaultKind = "empty_turn"     // the model ends its turn without a word
)

// faultKinds are all kinds, for checking what the control API is asked for.
var faultKinds = []FaultKind{
	FaultLatency, FaultRateLimited, FaultServerError, FaultCutBody, FaultGarbage, FaultWrongTypes,
	FaultStreamHang, FaultStreamCut, FaultOverloaded, FaultRefusal, FaultMaxTokens,
	FaultStreamPings, FaultStreamBytes, FaultUnknown, FaultToolInputCut, FaultSameToolID, FaultToolLoop, FaultPaused, FaultContextFull, FaultEmptyTurn,
}

// Fault is one thing that goes wrong.
type Fault struct {
	Kind       FaultKind
	Delay      time.Duration // how late a FaultLatency answers
	RetryAfter time.Duration // what a FaultRateLimited announces, in whole seconds; 0 announces nothing
	Status     int           // of a FaultServerError
	Count      int           // how many requests it strikes; 0 means until cleared
	Path       string        // strikes only paths below the provider's prefix that start with it: "/v7/finance/quote"
}

// Faults holds what goes wrong at which provider. Its zero value has none; it is safe for concurrent use.
type Faults struct {
	mu         sync.Mutex
	byProvider map[string][]*Fault
	well       map[string]chan struct{} // closed when the provider is well again
}

// Set adds a fault to those of the provider. Of several that match a request the one set first strikes.
func (f *Faults) Set(provider string, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byProvider == nil {
		f.byProvider = map[string][]*Fault{}
	}
	f.byProvider[provider] = append(f.byProvider[provider], &fault)
}

// Clear makes the provider well again. Whoever waits for a late answer gets it.
func (f *Faults) Clear(provider string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byProvider, provider)
	if well := f.well[provider]; well != nil {
		close(well)
		delete(f.well, provider)
	}
}

// untilWell is closed when the provider is made well again.
func (f *Faults) untilWell(provider string) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.well == nil {
		f.well = map[string]chan struct{}{}
	}
	if f.well[provider] == nil {
		f.well[provider] = make(chan struct{})
	}
	return f.well[provider]
}

// Pending lists the faults still to strike, by provider; Count is how often they still will.
func (f *Faults) Pending() map[string][]Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	pending := map[string][]Fault{}
	for provider, faults := range f.byProvider {
		for _, fault := range faults {
			pending[provider] = append(pending[provider], *fault)
		}
	}
	return pending
}

// take uses up one strike of the first fault that matches the path.
func (f *Faults) take(provider, path string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	faults := f.byProvider[provider]
	i := slices.IndexFunc(faults, func(fault *Fault) bool { return strings.HasPrefix(path, fault.Path) })
	if i < 0 {
		return Fault{}, false
	}
	struck := *faults[i]
	switch faults[i].Count {
	case 0:
	case 1:
		f.byProvider[provider] = slices.Delete(faults, i, i+1)
	default:
		faults[i].Count--
	}
	return struck, true
}

type faultKey struct{}

// faultOf is the fault of a model's answer that next has to act out.
func faultOf(ctx context.Context) (Fault, bool) {
	fault, ok := ctx.Value(faultKey{}).(Fault)
	return fault, ok
}

// wrap makes the provider's handler fail as arranged. Paths are the ones below the provider's prefix.
func (f *Faults) wrap(provider string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		well := f.untilWell(provider)
		fault, ok := f.take(provider, r.URL.Path)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		switch fault.Kind {
		case FaultLatency:
			if pause(r.Context(), fault.Delay, well) {
				next.ServeHTTP(w, r)
			}
		case FaultRateLimited:
			if fault.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(fault.RetryAfter.Seconds()))))
			}
			failAs(w, provider, http.StatusTooManyRequests)
		case FaultServerError:
			status := fault.Status
			if status == 0 {
				status = http.StatusInternalServerError
			}
			failAs(w, provider, status)
		case FaultCutBody:
			cutBody(w, r, next)
		case FaultGarbage:
			writeText(w, http.StatusOK, "application/json", `{"result":[{"price":12.`+"\x00\xfe")
		case FaultWrongTypes:
			wrongTypes(w, r, next)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, fault)))
		}
	})
}

// pause waits, at most until the provider is well, and tells whether the caller is still there.
func pause(ctx context.Context, d time.Duration, well <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-well:
		return true
	case <-ctx.Done():
		return false
	}
}

// failAs answers with the status in the provider's way of putting it.
func failAs(w http.ResponseWriter, provider string, status int) {
	limited := status == http.StatusTooManyRequests
	contentType, body := "text/html", fmt.Sprintf("<html><body><h1>%d %s</h1><p>Simulated failure</p></body></html>\n", status, http.StatusText(status))
	switch {
	case provider == ProviderClaude:
		kind, message := "api_error", "Simulated failure"
		if limited {
			kind, message = "rate_limit_error", "Simulated rate limit"
		} else if status == 529 {
			kind, message = "overloaded_error", "Overloaded"
		}
		contentType = "application/json"
		body = fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":"req_simulated"}`, kind, message)
	case provider == ProviderEDGAR && status == http.StatusForbidden:
		body = thresholdPage
	case provider == ProviderAlpaca && limited:
		contentType, body = "application/json; charset=UTF-8", `{"code":42910000,"message":"rate limit exceeded"}`
	case provider == ProviderIBKR && limited:
		contentType, body = ibkrJSON, `{"error":"Too many requests"}`
	case provider == ProviderIBKR && status == http.StatusServiceUnavailable:
		contentType, body = "text/plain", ""
	case provider == ProviderFinnhub && limited:
		contentType, body = finnhubJSON, `{"error":"`+finnhubLimit+`"}`
	case provider == ProviderYahoo && limited:
		contentType, body = "text/plain", "Too Many Requests\r\n"
	}
	writeText(w, status, contentType, body)
}

// cutBody announces the whole of next's answer, sends half of it and closes the connection.
func cutBody(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := &recorded{header: w.Header(), status: http.StatusOK}
	next.ServeHTTP(whole, r)
	w.Header().Set("Content-Length", strconv.Itoa(whole.body.Len()))
	w.WriteHeader(whole.status)
	// A failed write or flush means that the caller is gone already, and the connection with it.
	_, _ = w.Write(whole.body.Bytes()[:whole.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// wrongTypes answers in next's JSON with everything in it but null of another type than it should be.
func wrongTypes(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := &recorded{header: w.Header(), status: http.StatusOK}
	next.ServeHTTP(whole, r)
	var answer any
	if err := json.Unmarshal(whole.body.Bytes(), &answer); err != nil { // it was none
		answer = whole.body.String()
	}
	writeJSON(w, whole.status, "application/json", mistyped(answer))
}

func mistyped(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, one := range v {
			v[name] = mistyped(one)
		}
		return v
	case []any:
		for i, one := range v {
			v[i] = mistyped(one)
		}
		return v
	case string, float64:
		return []any{v}
	case bool:
		return "perhaps"
	}
	return value
}

// recorded keeps an answer instead of sending it.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorded) Flush()                      {}
