package connection

import (
	"context"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Request is what a person sends to connect a brokerage. APIKey and APISecret are for brokerages that take them, and say
// that they are how.
type Request struct {
	Provider    string
	Environment broker.Environment // empty means the first one the brokerage has
	APIKey      string
	APISecret   string
	// Admin is who may use gateways: they are signed in as the one person who runs the server.
	Admin bool
	// By is what they ask with: consent that is given after its end is not taken.
	By Access
}

// Access is the session or the API key in which somebody asks. One of them is set, or neither where nobody has to be signed in.
type Access struct{ SessionID, KeyID string }

// Begun is how connecting goes on: on the brokerage's consent page, or not at all since it is done. One of them is set.
type Begun struct {
	Authorization *Authorization
	Connection    *Connection
}

// maxKeyLength is how long an API key or its secret can be: several times what brokerages make.
const maxKeyLength = 200

// Begin connects a brokerage by the method that the request and the brokerage leave: with an API key when there is one, else
// by consent or through the operator's gateway. What is there already is renewed. Nothing is stored before the brokerage has
// shown an account.
//
// Invalid names every wrong field at once, and those of a key that the brokerage does not accept; Forbidden when it is a
// gateway and the person is no admin; and what the brokerage's Provider says when it cannot be asked.
func (s *Service) Begin(ctx context.Context, userID string, req Request) (Begun, error) {
	provider, ok := s.provider(req.Provider)
	fields := keyFields(req)
	if !ok {
		fields = append(fields, fault.Field{Path: "body.provider", Message: "must be one of the brokerages on offer"})
		return Begun{}, invalid(fields...)
	}
	info := provider.Info()
	if req.Environment == "" {
		req.Environment = info.Environments[0]
	}
	if !slices.Contains(info.Environments, req.Environment) {
		fields = append(fields, fault.Field{Path: "body.environment", Message: "must be an environment this brokerage has"})
	}
	method, wrong := choose(info, req)
	if fields = append(fields, wrong...); len(fields) > 0 {
		return Begun{}, invalid(fields...)
	}
	if method == broker.ByOAuth {
		begun, err := s.Connect(ctx, userID, req.Provider, req.Environment, req.By)
		return Begun{Authorization: &begun}, err
	}
	if method == broker.ByGateway && !req.Admin {
		return Begun{}, errGateway(info)
	}
	made, err := s.connectNow(ctx, provider, attempt{userID: userID, provider: req.Provider, environment: req.Environment, method: method, by: req.By}, req)
	return Begun{Connection: &made}, err
}

// choose gives the method of a request, or which fields rule every one out.
func choose(info broker.Info, req Request) (broker.Method, []fault.Field) {
	hasKey := req.APIKey != "" || req.APISecret != ""
	takesKeys := slices.Contains(info.Methods, broker.ByAPIKey)
	if hasKey && takesKeys {
		return broker.ByAPIKey, nil
	}
	if hasKey {
		return "", []fault.Field{{Path: "body.apiKey", Message: "must be left out: this brokerage is not connected with API keys"}}
	}
	for _, m := range []broker.Method{broker.ByOAuth, broker.ByGateway} {
		if slices.Contains(info.Methods, m) {
			return m, nil
		}
	}
	if takesKeys {
		return "", missingKey()
	}
	return "", []fault.Field{{Path: "body.provider", Message: "must be a brokerage that this server can connect"}}
}

func missingKey() []fault.Field {
	const how = "must be given: make an API key at the brokerage and send it with its secret"
	return []fault.Field{{Path: "body.apiKey", Message: how}, {Path: "body.apiSecret", Message: how}}
}

// keyFields are the fields of a key pair that cannot be one, whichever brokerage it is for.
func keyFields(req Request) []fault.Field {
	var fields []fault.Field
	if req.APIKey == "" && req.APISecret == "" {
		return nil
	}
	for _, f := range []struct{ path, value string }{{"body.apiKey", req.APIKey}, {"body.apiSecret", req.APISecret}} {
		switch {
		case f.value == "":
			fields = append(fields, fault.Field{Path: f.path, Message: "must be given too: an API key and its secret belong together"})
		case len(f.value) > maxKeyLength:
			fields = append(fields, fault.Field{Path: f.path, Message: "must have at most 200 characters"})
		case strings.ContainsFunc(f.value, func(r rune) bool { return r <= ' ' || r > '~' }):
			fields = append(fields, fault.Field{Path: f.path, Message: "must be plain letters, digits and signs, without blanks or line breaks"})
		}
	}
	return fields
}

// connectNow connects with what opens the brokerage at once, an API key or the gateway, and records when that fails.
func (s *Service) connectNow(ctx context.Context, provider broker.Provider, att attempt, req Request) (Connection, error) {
	creds := broker.Credentials{Environment: att.environment, KeyID: req.APIKey, KeySecret: req.APISecret}
	asOf := db.Time(s.Now())
	accounts, err := provider.Accounts(ctx, creds)
	switch {
	case att.method == broker.ByAPIKey && fault.Is(err, fault.ReauthorizationRequired):
		err = refusedKey(provider.Info(), att)
	case err == nil && len(accounts) == 0:
		err = fault.New(fault.AuthorizationDenied, "%s shows no account; open one there first", provider.Info().Name)
	}
	if err != nil {
		return Connection{}, s.refused(ctx, att, err)
	}
	made, err := s.connect(ctx, att, creds, accounts, asOf)
	if err != nil {
		return Connection{}, s.refused(ctx, att, err)
	}
	return made, nil
}

// refusedKey is the error of a key pair that opens nothing. A brokerage does not say which of them is wrong, or whether both
// belong to its other environment.
func refusedKey(info broker.Info, att attempt) error {
	message := info.Name + " does not accept this key and secret for its " + string(att.environment) + " environment"
	return invalid(
		fault.Field{Path: "body.apiKey", Message: message + "; check both, and that they were made for it"},
		fault.Field{Path: "body.apiSecret", Message: message},
	)
}

func errGateway(info broker.Info) error {
	return fault.New(fault.Forbidden, "%s is reached through a gateway that is signed in as one person; only an admin may connect it", info.Name)
}

func invalid(fields ...fault.Field) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: fields}
}
