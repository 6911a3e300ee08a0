package connection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// events are what was recorded of a person's connections, the oldest first.
func (o *office) events(t *testing.T, action string) []string {
	t.Helper()
	entries, _, err := o.Audit.List(t.Context(), audit.Filter{Action: action})
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, e := range entries {
		line := fmt.Sprint(e.Actor, " ", e.Action, " ", e.Outcome)
		if e.Details["error"] != "" {
			line += " " + e.Details["error"]
		}
		lines = append([]string{line}, lines...)
	}
	return lines
}

func TestOnlyAttemptsThatSomebodyBeganAreRecordedAsFailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		back := o.consent(t, user)
		for _, made := range []connection.Redirect{{}, {State: vault.Token(), Code: "x", BrowserSecret: vault.Token()}} {
			_, err := o.Callback(t.Context(), made)
			wantKind(t, err, fault.InvalidOAuthState)
		}
		elsewhere := back
		elsewhere.BrowserSecret = vault.Token()
		for range 3 { // the first spends it
			_, err := o.Callback(t.Context(), elsewhere)
			wantKind(t, err, fault.InvalidOAuthState)
		}
		back = o.consent(t, user)
		back.Code = "made up"
		if _, err := o.Callback(t.Context(), back); err == nil {
			t.Error("a made-up code connects")
		}
		got := o.events(t, string(audit.Connect))
		if len(got) != 2 || got[0] != "system brokerage.connect failure invalid_oauth_state" {
			t.Errorf("got %v, want the one from another browser, which may be anybody's, and the one with a bad code", got)
		}
		if len(got) == 2 && got[1][:len("user brokerage.connect failure ")] != "user brokerage.connect failure " {
			t.Errorf("got %v, want the person to have tried the second", got)
		}
	})
}

func TestOnlySyncsThatAreWaitedForOrChangeSomethingAreRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		made := o.connect(t, user)
		link, err := o.Link(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		down := fault.New(fault.UpstreamDown, "down")
		lost := fault.New(fault.ReauthorizationRequired, "lost")
		request := func() {
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return o.SyncRequested(t.Context(), tx, made.ID) }); err != nil {
				t.Fatal(err)
			}
		}
		ok := func() { o.synced(t, link, o.now, true) }
		failed := func(cause error) { o.failLink(t, link, o.now, cause, true) }
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"it goes on working", ok, nil},
			{"it fails", func() { failed(down) }, []string{"system brokerage.sync failure upstream_unavailable"}},
			{"it goes on failing", func() { failed(down); failed(down) }, nil},
			{"somebody waits, in vain", func() { request(); failed(down) }, []string{"system brokerage.sync failure upstream_unavailable"}},
			{"nobody waits any more", func() { failed(down) }, nil},
			{"it works again", ok, []string{"system brokerage.sync success"}},
			{"somebody waits", func() { request(); ok(); ok() }, []string{"system brokerage.sync success"}},
			{"its owner is needed", func() { failed(lost) }, []string{"system brokerage.reauthorization_required failure reauthorization_required"}},
			{"its owner is still needed", func() { failed(lost) }, nil},
		} {
			before := len(o.events(t, "brokerage."))
			step.do()
			got := o.events(t, "brokerage.")[before:]
			if diff := cmp.Diff(append([]string{}, step.want...), append([]string{}, got...)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

func TestWhatIsRolledBackIsNotRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user, stranger := newUser(t, d), newUser(t, d)
		back := o.consent(t, user)
		o.OnConnected = func(context.Context, *sql.Tx, string) error { return errors.New("boom") }
		if _, err := o.Callback(t.Context(), back); err == nil {
			t.Fatal("it connects")
		}
		if got := o.events(t, string(audit.Connect)); len(got) != 1 || got[0] != "user brokerage.connect failure internal_error" {
			t.Errorf("got %v, want that it failed and no more", got)
		}
		o.OnConnected = func(context.Context, *sql.Tx, string) error { return nil }
		made := o.connect(t, user)
		wantKind(t, o.Delete(t.Context(), stranger, made.ID), fault.NotFound)
		if got := o.events(t, string(audit.Disconnect)); len(got) != 0 {
			t.Errorf("got %v of a stranger's try, want nothing", got)
		}
	})
}
