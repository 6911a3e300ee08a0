package api

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/text/unicode/norm"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/limit"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// The headers in which an answer tells what was counted, as net/http keeps their names.
const (
	policyHeader = "Ratelimit-Policy"
	stateHeader  = "Ratelimit"
)

// Rates are what an operator may set of the limits; zero takes the default. What the table below has beyond them grows
// and shrinks with them.
type Rates struct {
	Requests int // in an hour, of a user or an address; 1,000
	SignIns  int // that failed, in 15 minutes, of an account and of an address; 5
	SignUps  int // in an hour, from an address; 20
	Messages int // in a minute, in a conversation; 10
	Streams  int // at a time, of a user, in this process; 10
}

const (
	defaultRequests = 1000
	defaultSignIns  = 5
	defaultSignUps  = 20
	defaultMessages = 10
	defaultStreams  = 10

	signInWindow = 15 * time.Minute
	// acquaintance is how long an address from which somebody signed in is known as theirs.
	acquaintance = 30 * 24 * time.Hour
)

// limitName names a limit in a route's doc: the one beside the general limit, which every route has.
type limitName string

// The limits.
const (
	general   limitName = "default"
	unlimited limitName = "none" // for what supervisors ask
	signIn    limitName = "sign-in"
	signUp    limitName = "sign-up"
	refresh   limitName = "refresh"
	sendMail  limitName = "mail"     // makes us send a message to an address somebody names
	oneUse    limitName = "one-use"  // tries a code or a link that was handed out
	ownSecret limitName = "password" // asks somebody who is signed in for their password or a code
	sendChat  limitName = "chat"

	// familiar is not for routes: it is counted where somebody signs in, and remembers from where.
	familiar limitName = "familiar"
)

// subject is whose doings a limit counts.
type subject int

const (
	byCaller subject = iota // see callerOf
	byAddress
	byUser
	byAccount // the e-mail address a request names, whether or not there is such an account
	byThing   // what the path names, of this user
)

// String is the subject in the API's document.
func (s subject) String() string {
	return [...]string{"user, their API keys or address", "address", "user", "account", "user and id"}[s]
}

// rule is a limit as it is applied.
type rule struct {
	limit.Limit
	by []subject
	// failures says that what succeeds is given back. It is taken first all the same, so that no more attempts are
	// under way than may fail.
	failures bool
}

// atOnce is a limit that is reached at once and then takes up its speed: n in each period.
func atOnce(name limitName, n int, period time.Duration) limit.Limit {
	return limit.Limit{Name: string(name), Quantity: n, Period: period, Burst: n}
}

// never more: no window of the period, wherever it begins, sees more than n. After n at once, one more comes each period.
func neverMore(name limitName, n int, period time.Duration) limit.Limit {
	return limit.Limit{Name: string(name), Quantity: 1, Period: period, Burst: n}
}

// rules is the table of all limits.
func (rates Rates) rules() map[limitName]rule {
	requests, signIns := cmp.Or(rates.Requests, defaultRequests), cmp.Or(rates.SignIns, defaultSignIns)
	signUps, messages := cmp.Or(rates.SignUps, defaultSignUps), cmp.Or(rates.Messages, defaultMessages)
	return map[limitName]rule{
		general:   {Limit: atOnce(general, requests, time.Hour), by: []subject{byCaller}},
		signIn:    {Limit: neverMore(signIn, signIns, signInWindow), by: []subject{byAddress, byAccount}, failures: true},
		signUp:    {Limit: atOnce(signUp, signUps, time.Hour), by: []subject{byAddress}},
		refresh:   {Limit: atOnce(refresh, max(requests/4, 1), signInWindow), by: []subject{byAddress}},
		sendMail:  {Limit: atOnce(sendMail, signIns, time.Hour), by: []subject{byAddress, byAccount}},
		oneUse:    {Limit: neverMore(oneUse, 2*signIns, signInWindow), by: []subject{byAddress}, failures: true},
		ownSecret: {Limit: neverMore(ownSecret, signIns, signInWindow), by: []subject{byUser}, failures: true},
		sendChat:  {Limit: atOnce(sendChat, messages, time.Minute), by: []subject{byThing}},
	}
}

// acquainted remembers one thing for its period.
var acquainted = limit.Limit{Name: string(familiar), Quantity: 1, Period: acquaintance, Burst: 1}

// namesAccount is an input that names the account it is about.
type namesAccount interface{ account() string }

// namesThing is an input with the id of what it is about.
type namesThing interface{ thing() string }

func (in *ByID) thing() string                  { return in.ID }
func (in *loginInput) account() string          { return in.Body.Email }
func (in *forgotPasswordInput) account() string { return in.Body.Email }
func (in *loginInput) makesAcquaintance()       {}
func (in *registerInput) account() string       { return in.Body.Email }
func (in *registerInput) makesAcquaintance()    {}

// foldAccount gives all spellings of an e-mail address one name to be counted under. It takes more for the same than
// signing in does (letters that look alike, what follows a plus sign): that makes a count stricter. Nothing may be granted
// by it: whoever owns one spelling need not own another.
func foldAccount(email string) string {
	email = strings.ToLower(strings.TrimSpace(norm.NFKC.String(email)))
	email = strings.NewReplacer("ı", "i", "\u0307", "").Replace(email)
	local, domain, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// take counts a request and tells so in the answer's headers; a RateLimited error when it is too much.
func (r *router) take(ctx context.Context, lim limit.Limit, who string) (limit.Result, error) {
	res := r.Limiter.Take(ctx, lim, who)
	visitOf(ctx).describe(res)
	if res.Allowed {
		return res, nil
	}
	r.Metrics.Refused(lim.Name)
	wait := time.Duration(seconds(res.Reset)) * time.Second
	return res, fault.New(fault.RateLimited, "too many requests (the limit %q); try again in %s", lim.Name, wait).WithRetryAfter(wait)
}

// describe says in the answer what was counted (draft-ietf-httpapi-ratelimit-headers): once for each policy, the
// tightest of its counts.
func (v *visit) describe(res limit.Result) {
	i := slices.IndexFunc(v.counts, func(c limit.Result) bool { return c.Limit.Name == res.Limit.Name })
	switch {
	case i < 0:
		v.counts = append(v.counts, res)
	case res.Remaining < v.counts[i].Remaining || res.Remaining == v.counts[i].Remaining && res.Reset > v.counts[i].Reset:
		v.counts[i] = res
	}
	policies, states := make([]byte, 0, 64), make([]byte, 0, 64)
	for i, c := range v.counts {
		if i > 0 {
			policies, states = append(policies, ", "...), append(states, ", "...)
		}
		policies = appendItem(policies, c.Limit.Name, 'q', c.Limit.Burst, 'w', seconds(c.Limit.Period))
		states = appendItem(states, c.Limit.Name, 'r', c.Remaining, 't', seconds(c.Reset))
	}
	v.header.Set(policyHeader, string(policies))
	v.header.Set(stateHeader, string(states))
}

// appendItem writes a text with two numbers as RFC 9651 has it: "default";q=1000;w=3600.
func appendItem(b []byte, name string, first byte, one int, second byte, other int) []byte {
	b = strconv.AppendQuote(b, name)
	b = strconv.AppendInt(append(b, ';', first, '='), int64(one), 10)
	return strconv.AppendInt(append(b, ';', second, '='), int64(other), 10)
}

// seconds rounds up: who waits them out does not come too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// callerOf is whom the general limit counts: the user, the user's API keys together, so that more keys are not more
// requests and a script does not lock its owner out, or the address where nobody is signed in.
func callerOf(ctx context.Context) string {
	who, ok := ctx.Value(callerKey{}).(caller)
	switch {
	case ok && who.KeyID != "":
		return "keys of " + who.UserID
	case ok:
		return "user " + who.UserID
	}
	return "address " + visitOf(ctx).network
}

// limitGeneral is the middleware of every route that is not unlimited.
func (r *router) limitGeneral(ctx huma.Context, next func(huma.Context)) {
	if _, err := r.take(ctx.Context(), r.limits[general].Limit, callerOf(ctx.Context())); err != nil {
		req, w := humago.Unwrap(ctx)
		r.writeError(w, req, err)
		return
	}
	next(ctx)
}

// limitAddress counts what belongs to no operation by address.
func (r *router) limitAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.countAddress(req, nil); err != nil {
			r.writeError(w, req, err)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// countAddress counts a request by its address: RateLimited when it is too much, otherwise the error it fails with anyway.
func (r *router) countAddress(req *http.Request, err error) error {
	if _, tooMuch := r.take(req.Context(), r.limits[general].Limit, callerOf(req.Context())); tooMuch != nil {
		return tooMuch
	}
	return err
}

// limited puts a route's own limit before its handler, when the input is read and valid.
func limited[In, Out any](r *router, name limitName, h func(context.Context, *In) (Out, error)) func(context.Context, *In) (Out, error) {
	own, ok := r.limits[name]
	if !ok {
		return h
	}
	_, hasAccount := any(new(In)).(namesAccount)
	_, hasThing := any(new(In)).(namesThing)
	if slices.Contains(own.by, byAccount) && !hasAccount || slices.Contains(own.by, byThing) && !hasThing {
		panic(fmt.Sprintf("the limit %q counts by what %T does not name", name, *new(In)))
	}
	return func(ctx context.Context, in *In) (Out, error) {
		taken, err := r.takeAll(ctx, own, in)
		if err != nil {
			var none Out
			return none, err
		}
		out, err := h(ctx, in)
		if own.failures && !mayBeGuess(ctx, err) {
			for _, t := range taken {
				r.Limiter.GiveBack(ctx, t)
			}
		}
		if _, ok := any(in).(interface{ makesAcquaintance() }); ok && err == nil {
			r.Limiter.Take(ctx, acquainted, acquaintanceOf(ctx, in))
		}
		return out, err
	}
}

// noGuesses are how attempts fail that do not count: nothing was compared yet, or what was compared was right.
var noGuesses = []fault.Kind{
	fault.Invalid, fault.Overloaded, fault.Conflict, fault.Forbidden, fault.SecondFactorNeeded, fault.RateLimited, fault.Unauthenticated,
}

// mayBeGuess tells whether an attempt counts. One whose end nobody knows does, such as of a client that left meanwhile:
// it could be made for every guess. That the server gave up by itself is nobody's guess.
func mayBeGuess(ctx context.Context, err error) bool {
	if _, ours := givenUp(ctx, err); err == nil || ours {
		return false
	}
	return !slices.Contains(noGuesses, fault.KindOf(err))
}

// takeAll takes what a limit counts by; where one of them is too much, the others are given back.
func (r *router) takeAll(ctx context.Context, own rule, in any) ([]limit.Result, error) {
	var taken []limit.Result
	for _, by := range own.by {
		res, err := r.takeBy(ctx, own, by, in)
		if err != nil {
			for _, t := range taken {
				r.Limiter.GiveBack(ctx, t)
			}
			return nil, err
		}
		taken = append(taken, res...)
	}
	return taken, nil
}

func (r *router) takeBy(ctx context.Context, own rule, by subject, in any) ([]limit.Result, error) {
	var who string
	switch by {
	case byCaller:
		who = callerOf(ctx)
	case byAddress:
		who = "address " + visitOf(ctx).network
	case byUser:
		who = "user " + identity(ctx).UserID
	case byThing: // with the user, so that nobody uses up what is another's
		who = "user " + identity(ctx).UserID + " on " + in.(namesThing).thing()
	case byAccount:
		return r.takeAccount(ctx, own, in)
	}
	res, err := r.take(ctx, own.Limit, who)
	return []limit.Result{res}, err
}

// takeAccount counts by account over all addresses, which somebody who guesses from many of them uses up. Who owns the
// account must not be kept out by that: an address from which they signed in before has a count of its own as well, and
// only when that is used up, too, are they refused.
func (r *router) takeAccount(ctx context.Context, own rule, in any) ([]limit.Result, error) {
	who := "account " + foldAccount(in.(namesAccount).account())
	if !own.failures || !r.Limiter.Counted(ctx, acquainted, acquaintanceOf(ctx, in)) {
		res, err := r.take(ctx, own.Limit, who)
		return []limit.Result{res}, err
	}
	all := r.Limiter.Take(ctx, own.Limit, who)
	res, err := r.take(ctx, own.Limit, acquaintanceOf(ctx, in))
	if err != nil {
		r.Limiter.GiveBack(ctx, all)
		return nil, err
	}
	return []limit.Result{all, res}, nil
}

// acquaintanceOf is the account that is named, to the letter, at the address the request comes from.
func acquaintanceOf(ctx context.Context, in any) string {
	email, _ := user.CanonicalEmail(in.(namesAccount).account())
	return "account " + email + " at " + visitOf(ctx).network
}

// describeLimits is what the API's document says of a route's limits.
func (r *router) describeLimits(d doc, hasBody bool) map[string]any {
	all := map[string]any{}
	if hasBody {
		all["maxBodyBytes"] = d.maxBody
	}
	if d.limit == unlimited {
		return all
	}
	policies := []map[string]any{}
	for _, name := range []limitName{general, d.limit} {
		own, ok := r.limits[name]
		if !ok {
			continue
		}
		var by []string
		for _, s := range own.by {
			by = append(by, s.String())
		}
		policies = append(policies, map[string]any{
			"policy": own.Name, "quantity": own.Burst, "seconds": seconds(own.Period), "by": by, "onlyFailures": own.failures,
		})
	}
	all["rates"] = policies
	return all
}
