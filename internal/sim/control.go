package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// control is the API by which a person or a test from outside changes the world: its faults, its clock, its trades.
func (s *Sim) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control", s.controlState)
	mux.HandleFunc("POST /control/faults", s.controlled(s.setFault))
	mux.HandleFunc("DELETE /control/faults/{provider}", s.controlled(func(r *http.Request) error {
		s.Faults.Clear(r.PathValue("provider"))
		return nil
	}))
	mux.HandleFunc("POST /control/clock", s.controlled(s.moveClock))
	mux.HandleFunc("POST /control/ibkr", s.controlled(s.controlIBKR))
	mux.HandleFunc("POST /control/trades", s.controlled(s.makeTrade))
	return mux
}

// controlled answers 204, or 400 with what was wrong.
func (s *Sim) controlled(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			writeJSON(w, http.StatusBadRequest, "application/json", map[string]string{"error": err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Sim) controlState(w http.ResponseWriter, _ *http.Request) {
	type keys struct {
		APIKey    string `json:"apiKey"`
		APISecret string `json:"apiSecret"`
	}
	type customer struct {
		ID           string          `json:"id"`
		Name         string          `json:"name"`
		Environments []string        `json:"environments"`
		Alpaca       map[string]keys `json:"alpaca"` // by environment
	}
	faults := map[string][]controlFault{}
	for provider, pending := range s.Faults.Pending() {
		for _, f := range pending {
			faults[provider] = append(faults[provider], controlFault{
				Kind: f.Kind, Delay: f.Delay.String(), RetryAfter: f.RetryAfter.String(), Status: f.Status, Count: f.Count, Path: f.Path,
			})
		}
	}
	var customers []customer
	for _, c := range s.World.Customers() {
		one := customer{c.ID, c.Name, c.Environments, map[string]keys{}}
		for _, env := range c.Environments {
			id, secret := s.World.APIKeys(c.ID, env)
			one.Alpaca[env] = keys{id, secret}
		}
		customers = append(customers, one)
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"now": s.World.Now().UTC().Format(time.RFC3339), "adjustableClock": s.Clock != nil,
		"customers": customers, "faults": faults, "requests": s.Requests(), "edgar": s.EDGARTraffic(),
		"traffic": s.allTraffic(), "answers": s.Answers(), "tokens": s.Tokens(),
	})
}

// controlFault is a Fault in JSON: durations are written as in "1.5s".
type controlFault struct {
	Provider   string    `json:"provider,omitempty"`
	Kind       FaultKind `json:"kind"`
	Delay      string    `json:"delay,omitempty"`
	RetryAfter string    `json:"retryAfter,omitempty"`
	Status     int       `json:"status,omitempty"`
	Count      int       `json:"count,omitempty"`
	Path       string    `json:"path,omitempty"`
}

func (s *Sim) setFault(r *http.Request) error {
	var in controlFault
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return err
	}
	if !slices.Contains([]string{ProviderAlpaca, ProviderIBKR, ProviderYahoo, ProviderClaude, ProviderEDGAR, ProviderFinnhub}, in.Provider) {
		return fmt.Errorf("no such provider")
	}
	if !slices.Contains(faultKinds, in.Kind) {
		return fmt.Errorf("no such kind of fault; there are %v", faultKinds)
	}
	if in.Status != 0 && (in.Status < 400 || in.Status > 599) || in.Count < 0 {
		return fmt.Errorf("the status has to be an error's, and the count not below zero")
	}
	fault := Fault{Kind: in.Kind, Status: in.Status, Count: in.Count, Path: in.Path}
	var err error
	if fault.Delay, err = optionalDuration(in.Delay); err != nil {
		return err
	}
	if fault.RetryAfter, err = optionalDuration(in.RetryAfter); err != nil {
		return err
	}
	s.Faults.Set(in.Provider, fault)
	return nil
}

func optionalDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

func (s *Sim) moveClock(r *http.Request) error {
	var in struct {
		Advance string     `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return err
	}
	if s.Clock == nil {
		return fmt.Errorf("this world's clock cannot be moved")
	}
	if in.Set != nil {
		s.Clock.Set(*in.Set)
		return nil
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil {
		return err
	}
	s.Clock.Advance(d)
	return nil
}

func (s *Sim) makeTrade(r *http.Request) error {
	var in struct {
		Customer    string          `json:"customer"`
		Environment string          `json:"environment"`
		Symbol      string          `json:"symbol"`
		Quantity    decimal.Decimal `json:"quantity"`
		Price       decimal.Decimal `json:"price"` // left out: the market's
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return err
	}
	return s.World.Trade(in.Customer, in.Environment, in.Symbol, in.Quantity, in.Price)
}
