package auth_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestKeysThatADisablingOrAResetEndedNeverComeBackAndAreRecordedAsRevoked(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(ctx context.Context, h *house) error
		want []string
	}{
		"disabling": {func(ctx context.Context, h *house) error { return h.Disable(ctx, email) },
			[]string{"admin.user_disable", "account.api_key_revoke", "account.api_key_revoke", "admin.user_enable"}},
		"a reset by the operator": {func(ctx context.Context, h *house) error { return h.SetPassword(ctx, email, newPassword) },
			[]string{"admin.password_reset", "account.api_key_revoke", "account.api_key_revoke", "admin.user_enable"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d)
				me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
				made := []auth.CreatedKey{newKey(t, h.Service, me, auth.ScopeRead), newKey(t, h.Service, me, auth.ScopeChat)}
				ctx := audit.WithOrigin(t.Context(), audit.Origin{Actor: audit.Operator})
				wantNoError(t, tc.end(ctx, h))
				wantNoError(t, h.Enable(ctx, email))
				for _, k := range made {
					_, err := h.AuthenticateKey(t.Context(), k.Key)
					wantKind(t, err, fault.Unauthenticated)
				}
				if all := keys(t, h.Service, me); len(all) != 0 {
					t.Errorf("got the keys %+v, want none", all)
				}
				if diff := cmp.Diff(sorted(tc.want), sorted(h.column("select action from audit_logs where actor = 'operator'"))); diff != "" {
					t.Errorf("the audit log (-want +got):\n%s", diff)
				}
				want := []string{made[0].ID, made[1].ID} // ids grow with time
				if diff := cmp.Diff(want, sorted(h.column("select target from audit_logs where action = 'account.api_key_revoke'"))); diff != "" {
					t.Errorf("the keys that are recorded as revoked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A request can be let in just before its person is shut out, and come to its end just after.
func TestNoKeyIsMadeOfAPersonWhoWasJustDisabled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		wantNoError(t, h.Disable(t.Context(), email))
		_, err := h.CreateKey(t.Context(), me, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeRead}, Password: password})
		wantKind(t, err, fault.Conflict)
		if n := h.count("api_keys"); n != 0 {
			t.Errorf("got %d keys, want none", n)
		}
	})
}

func TestAResetByMailRecordsThatItsPersonRevokedTheKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		newKey(t, h.Service, me, auth.ScopeRead)
		wantNoError(t, h.ResetPassword(t.Context(), h.forgot(3), newPassword))
		if n := h.count("audit_logs where action = 'account.api_key_revoke' and actor = 'user' and actor_id = $1 and user_id = $1", me.UserID); n != 1 {
			t.Errorf("got %d such events, want 1", n)
		}
	})
}

func sorted(words []string) []string {
	slices.Sort(words)
	return words
}
