package alpaca

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// AuthorizeURL is Alpaca's consent page. The PKCE challenge is sent as for any provider, but Alpaca documents no check
// of it: what protects the customer here is the state.
func (p *Provider) AuthorizeURL(req broker.AuthorizeRequest) string {
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {p.cfg.ClientID},
		"redirect_uri":          {req.RedirectURL},
		"state":                 {req.State},
		"env":                   {string(req.Environment)},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(req.CodeVerifier)},
		"code_challenge_method": {"S256"},
	}
	if p.cfg.Scope != "" {
		query.Set("scope", p.cfg.Scope)
	}
	return p.cfg.AuthorizeURL + "?" + query.Encode()
}

// token is what the token endpoint grants. Alpaca gives neither an expiry nor a refresh token: an access token lives
// until the customer withdraws it.
type token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

// Exchange turns the code into credentials. AuthorizationDenied when Alpaca does not accept the code, UpstreamFailed
// when it does not accept this server as an app.
func (p *Provider) Exchange(ctx context.Context, code string, req broker.AuthorizeRequest) (broker.Credentials, error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"client_id":     {p.cfg.ClientID},
		"client_secret": {p.cfg.ClientSecret},
		"redirect_uri":  {req.RedirectURL},
		"code_verifier": {req.CodeVerifier},
	}
	answer, err := p.client.Do(ctx, upstream.Request{
		Method:   http.MethodPost,
		URL:      p.cfg.TokenURL,
		Header:   http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
		Body:     []byte(form.Encode()),
		Endpoint: http.MethodPost + " /oauth/token",
	})
	if err != nil {
		return broker.Credentials{}, err
	}
	if err := refusal(answer); err != nil {
		return broker.Credentials{}, err
	}
	var granted token
	// The decoder's own error may quote the answer, and with it the token.
	if err := json.Unmarshal(answer.Body, &granted); err != nil || !usable(granted) {
		return broker.Credentials{}, nonsense("an authorization without a token")
	}
	return broker.Credentials{Environment: req.Environment, AccessToken: granted.AccessToken, Scope: granted.Scope}, nil
}

// refusal is the error of a token answer, nil when it grants one. No recording pins the body of a refusal, so beside
// the status only OAuth's own error word is looked at, where there is one.
func refusal(answer *upstream.Answer) error {
	switch answer.Status {
	case http.StatusOK:
		return nil
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity:
	default:
		return otherStatus(answer, "an authorization")
	}
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	_ = json.Unmarshal(answer.Body, &body) // a body that is not JSON says nothing beyond its status
	switch strings.Trim(string(body.Error), `"`) {
	case "invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type":
		return fault.New(fault.UpstreamFailed,
			"Alpaca does not accept this server as an app; its operator has to check the Alpaca client id, secret and scope")
	}
	return fault.New(fault.AuthorizationDenied, "Alpaca did not accept the authorization; start connecting again")
}

// usable tells whether the token can stand in an Authorization header.
func usable(t token) bool {
	isBearer := t.TokenType == "" || strings.EqualFold(t.TokenType, "bearer")
	unprintable := func(r rune) bool { return r <= ' ' || r > '~' }
	return isBearer && t.AccessToken != "" && !strings.ContainsFunc(t.AccessToken, unprintable)
}
