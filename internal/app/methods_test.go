package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

type madeBy struct{ ID, Method, ReauthorizeBy, Status string }

func pairOf(s *site, customer, env string) object {
	id, secret := s.sim.World.APIKeys(customer, env)
	s.keepSecret(id, secret)
	return object{"provider": "alpaca", "environment": env, "apiKey": id, "apiSecret": secret}
}

func TestStoryOfAnAPIKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		body := pairOf(s, "alex", sim.Live)
		made := data[madeBy](p.post("/brokerages/connect", body).status(http.StatusOK))
		if made.Method != "api_key" || made.ReauthorizeBy != "api_key" || made.Status != "active" {
			t.Fatalf("got %+v, want an active connection by API key", made)
		}
		p.waitSynced(made.ID)
		if held, want := p.holdings(), s.sim.World.Positions("alex", sim.Live); len(held) != len(want) {
			t.Errorf("got %d holdings, want %d", len(held), len(want))
		}
		if again := data[madeBy](p.post("/brokerages/connect", body).status(http.StatusOK)); again.ID != made.ID {
			t.Errorf("got %s of the same account again, want %s", again.ID, made.ID)
		}
		key := header("Idempotency-Key", "connect-once")
		first := p.post("/brokerages/connect", body, key).status(http.StatusOK)
		if second := p.post("/brokerages/connect", body, key).status(http.StatusOK); string(second.Body) != string(first.Body) {
			t.Errorf("got %s, want the first answer again", second.Body)
		}
		for _, shown := range []string{"/brokerages/connections", "/audit/logs"} {
			text := string(p.get(shown).status(http.StatusOK).Body)
			if strings.Contains(text, body["apiKey"].(string)) || strings.Contains(text, body["apiSecret"].(string)) {
				t.Errorf("%s tells the key", shown)
			}
		}
	})
}

func TestAKeyThatDoesNotFitIsAWrongField(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		paper, live := pairOf(s, "alex", sim.Paper), pairOf(s, "alex", sim.Live)
		for name, c := range map[string]struct {
			body object
			want []string
		}{
			"another's secret":      {object{"provider": "alpaca", "environment": "live", "apiKey": live["apiKey"], "apiSecret": paper["apiSecret"]}, []string{"body.apiKey", "body.apiSecret"}},
			"the other environment": {object{"provider": "alpaca", "environment": "live", "apiKey": paper["apiKey"], "apiSecret": paper["apiSecret"]}, []string{"body.apiKey", "body.apiSecret"}},
			"no secret":             {object{"provider": "alpaca", "environment": "moon", "apiKey": live["apiKey"]}, []string{"body.apiSecret", "body.environment"}},
			"too long":              {object{"provider": "alpaca", "apiKey": long(201), "apiSecret": long(201)}, []string{"body.apiKey", "body.apiSecret"}},
			"a line break":          {object{"provider": "alpaca", "apiKey": "canary\r\n", "apiSecret": "canary\x00"}, []string{"body.apiKey", "body.apiSecret"}},
		} {
			a := p.post("/brokerages/connect", c.body).fails(http.StatusUnprocessableEntity, "validation_failed")
			var got []string
			for _, f := range a.failure().Error.Fields {
				got = append(got, f.Path)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
			for _, value := range c.body {
				if text, _ := value.(string); len(text) > 6 && strings.Contains(string(a.Body), text) {
					t.Errorf("%s: the answer repeats a value: %s", name, a.Body)
				}
			}
		}
		if list := data[[]link](p.get("/brokerages/connections")); len(list) != 0 {
			t.Errorf("got %v, want no connection", list)
		}
	})
}

func TestReauthorizingIsBoundToTheConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		c := p.connect("alex")
		s.sim.RevokeTokens("alex")
		path := "/brokerages/connections/" + c.ID + "/reauthorize"
		wrong := p.consent(data[authorization](p.post(path, object{}).status(http.StatusOK)), "blair", "allow")
		p.get(wrong).fails(http.StatusConflict, "conflict")
		p.post(path, pairOf(s, "blair", sim.Live)).fails(http.StatusUnprocessableEntity, "validation_failed")
		right := p.consent(data[authorization](p.post(path, object{}).status(http.StatusOK)), "alex", "allow")
		if again := data[link](p.get(right).status(http.StatusOK)); again.ID != c.ID || again.Status != "active" || !slices.Equal(again.Accounts, c.Accounts) {
			t.Errorf("got %+v, want %+v renewed", again, c)
		}
		if byKey := data[madeBy](p.post(path, pairOf(s, "alex", sim.Live)).status(http.StatusOK)); byKey.ID != c.ID || byKey.Method != "api_key" {
			t.Errorf("got %+v, want it renewed with a key", byKey)
		}
		s.register("eve").post(path, object{}).fails(http.StatusNotFound, "not_found")
	})
}

func TestWithoutAnAppAtAlpacaThereAreKeysAlone(t *testing.T) {
	with := setup{settings: []string{"JASPERS_ALPACA_CLIENT_ID=", "JASPERS_ALPACA_CLIENT_SECRET="}}
	eachEngineWith(t, with, func(t *testing.T, s *site) {
		p := s.register("ada")
		offers := data[[]struct {
			ID      string
			Methods []string
		}](p.get("/brokerages").status(http.StatusOK))
		if len(offers) != 1 || !slices.Equal(offers[0].Methods, []string{"api_key"}) {
			t.Errorf("got %v, want Alpaca by API key", offers)
		}
		p.post("/brokerages/connect", object{"provider": "alpaca"}).fails(http.StatusUnprocessableEntity, "validation_failed")
		p.post("/brokerages/connect", pairOf(s, "alex", sim.Live)).status(http.StatusOK)
	})
}
