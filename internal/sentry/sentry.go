// Package sentry reports mistakes of ours to a tracker of errors that speaks Sentry's protocol, where there is one.
package sentry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Config of a Reporter. All fields are required.
type Config struct {
	// DSN says where reports go and for which project, as the tracker shows it.
	DSN DSN
	// Client sends to the DSN's origin.
	Client *upstream.Client
	// Release is the server's version.
	Release string
	// User tells whose request or work a context belongs to: their id, of which a hash is sent, or empty.
	User func(context.Context) string
	// Record is told what became of each report: "sent", "failed" or "dropped".
	Record func(outcome string)
	Log    *slog.Logger
}

// Reporter sends reports beside the work. A nil one reports nothing.
type Reporter struct {
	Config
	waiting chan event
}

const (
	// maxWaiting is how many reports wait to be sent; more are dropped, and counted.
	maxWaiting = 64
	// atTheEnd is how long what waits may take to be sent when the server stops.
	atTheEnd = 2 * time.Second
)

// New makes a Reporter, which sends while it runs.
func New(cfg Config) *Reporter { return &Reporter{cfg, make(chan event, maxWaiting)} }

// Run sends reports until ctx ends, and then for a moment what still waits.
func (r *Reporter) Run(ctx context.Context) {
	if r == nil {
		return
	}
	sending, stop := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), sendingKey{}, true))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(atTheEnd, stop) })()
	for {
		select {
		case e := <-r.waiting:
			r.send(sending, e)
		case <-ctx.Done():
			for sending.Err() == nil && len(r.waiting) > 0 {
				r.send(sending, <-r.waiting)
			}
			return
		}
	}
}

// sendingKey marks the context in which reports are sent: what goes wrong there is not reported.
type sendingKey struct{}

// add has a report sent when its turn comes. It never waits.
func (r *Reporter) add(e event) {
	select {
	case r.waiting <- e:
	default:
		r.Record("dropped")
	}
}

func (r *Reporter) send(ctx context.Context, e event) {
	err := r.try(ctx, e)
	if err != nil {
		r.Record("failed")
		r.Log.WarnContext(ctx, "a mistake cannot be reported", "error", err)
		return
	}
	r.Record("sent")
}

func (r *Reporter) try(ctx context.Context, e event) error {
	body, err := e.envelope()
	if err != nil {
		return err
	}
	answer, err := r.Client.Do(ctx, upstream.Request{
		Method: http.MethodPost, URL: r.DSN.envelopes(), Body: body, Endpoint: "POST envelope",
		Header: http.Header{
			"Content-Type":  {"application/x-sentry-envelope"},
			"X-Sentry-Auth": {fmt.Sprintf("Sentry sentry_version=7, sentry_client=jaspers, sentry_key=%s", r.DSN.key)},
		},
	})
	if err != nil {
		return err
	}
	return answer.Fault("leave to report")
}

// DSN is where a project's reports go.
type DSN struct {
	// Origin is the scheme and host.
	Origin             string
	path, key, project string
}

// ParseDSN reads https://KEY@HOST/PROJECT. The error does not repeat it.
func ParseDSN(text string) (DSN, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User.Username() == "" {
		return DSN{}, errors.New("it must have the form https://KEY@HOST/PROJECT")
	}
	folder, project := path.Split(strings.TrimRight(u.Path, "/"))
	if project == "" {
		return DSN{}, errors.New("it names no project: it must have the form https://KEY@HOST/PROJECT")
	}
	return DSN{Origin: u.Scheme + "://" + u.Host, path: folder, key: u.User.Username(), project: project}, nil
}

func (d DSN) envelopes() string {
	return d.Origin + d.path + "api/" + url.PathEscape(d.project) + "/envelope/"
}
