package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

func TestMain(m *testing.M) {
	if code, is := rotateInstead(); is {
		os.Exit(code)
	}
	flag.Parse()
	// The tests wait for the server's own rhythms more than they compute, so more run at once than there are processors.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// The secrets of the server under test. None of them may be seen in its log.
const (
	clientSecret  = "alpaca-client-c4d1f0a2"
	modelKey      = "model-key-5b7e9d31"
	finnhubKey    = "finnhub-key-92c0e7a4"
	jwtSecret     = "6a1f0c9be27d4853b1e6709ac2f4d8351b7e0f92c6a4d3e8"
	encryptionKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef0011223344556677"
	hashKey       = "c3a7e51d90b2f4866e1d7a05c9b83f2244d0e6a1937b5c8f"
)

// opening is a trading moment: Wednesday, 18 November 2026, 11:00 in New York.
func opening() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) }

// site is a whole server on an empty database, beside the simulated outside it is set up for. Its clock stands still
// until a test moves it, so that figures can be compared with the world's of the same moment.
type site struct {
	t        *testing.T
	clock    *sim.Clock
	sim      *sim.Sim
	outside  *httptest.Server // serves it
	app      *app.App
	url      string
	contract *contract
	address  string // of the server's database
	db       *db.DB // the same, opened once more to look into
	log      *syncBuffer
	environ  []string // the settings
	tape     *tape    // what was sent to the outside
	mayFail  bool     // errors of ours in the log are on purpose

	mu      sync.Mutex
	secrets []string // handed out meanwhile
	answers []answer // what people were answered, where it is kept
	keep    bool     // whether it is
}

// setup is what a test may want to be different.
type setup struct {
	model    sim.ClaudeOptions
	settings []string                                  // beside the usual ones
	strict   bool                                      // whether EDGAR shuts out who asks it too fast, as the real one does
	outside  func(http.Handler) http.Handler           // what stands before the simulated outside; nil for nothing
	database func(t *testing.T, address string) string // by which address the server is to reach it; nil for its own
	gateway  string                                    // the customer who is signed in at the gateway of Interactive Brokers, for as long as it takes; empty for no gateway
}

// eachEngine runs a test on SQLite and, where a server answers, on PostgreSQL.
func eachEngine(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	eachEngineWith(t, setup{}, test)
}

func eachEngineWith(t *testing.T, with setup, test func(t *testing.T, s *site)) {
	t.Helper()
	onEngines(t, with, test, db.SQLite, db.Postgres)
}

// oneEngine is for what is decided before any database is asked.
func oneEngine(t *testing.T, with setup, test func(t *testing.T, s *site)) {
	t.Helper()
	onEngines(t, with, test, db.SQLite)
}

func onEngines(t *testing.T, with setup, test func(t *testing.T, s *site), engines ...db.Engine) {
	t.Helper()
	t.Parallel()
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, startSite(t, engine, with))
		})
	}
}

func startSite(t *testing.T, engine db.Engine, with setup) *site {
	t.Helper()
	address := dbtest.Address(t, engine) // may skip the test, before anything is started
	s := &site{
		t: t, clock: sim.NewClock(opening), log: &syncBuffer{}, tape: &tape{}, address: address, secrets: []string{clientSecret, modelKey, finnhubKey, jwtSecret, encryptionKey, hashKey},
	}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	s.sim = sim.NewSim(sim.New(7, s.clock.Now))
	s.sim.Alpaca = sim.AlpacaApp{ClientID: "jaspers", ClientSecret: clientSecret, RedirectURIs: []string{s.url + "/api/brokerages/callback"}}
	if !with.strict {
		s.sim.EDGAR.Limit = -1
	}
	s.sim.Claude = with.model
	s.sim.Claude.Key = modelKey
	s.sim.Finnhub = sim.FinnhubOptions{Key: finnhubKey}
	world := s.sim.Handler()
	if with.outside != nil {
		world = with.outside(world)
	}
	s.outside = httptest.NewServer(s.tape.around(world))
	log, err := telemetry.NewLog(s.log, slog.LevelDebug, "json")
	if err != nil {
		t.Fatal(err)
	}
	if with.database != nil {
		address = with.database(t, address)
	}
	s.environ = append(s.settings(t, s.outside.URL, address), with.settings...)
	if with.gateway != "" {
		s.sim.IBKR = sim.IBKRGateway{User: with.gateway, Idle: 10_000 * time.Hour}
		s.environ = append(s.environ, "JASPERS_IBKR_GATEWAY_URL="+s.outside.URL+"/ibkr")
	}
	cfg, err := app.LoadConfig(s.environ, "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Auth.BcryptCost = bcrypt.MinCost // less than any operator may set: half of the tests' time went into it
	if s.app, err = app.New(t.Context(), cfg, app.Options{Log: log, Now: s.clock.Now}); err != nil {
		t.Fatal(err)
	}
	if s.db, err = db.Open(t.Context(), s.address); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s.app.Handler
	server.Start()
	s.run(server)
	s.contract = newContract(t, s.url)
	return s
}

// settings are those of a server whose providers are all the simulator.
func (s *site) settings(t *testing.T, outside, database string) []string {
	return []string{
		"JASPERS_PUBLIC_URL=" + s.url, "JASPERS_DATA_DIR=" + t.TempDir(), "JASPERS_DATABASE_URL=" + database,
		"JASPERS_JWT_SECRET=" + jwtSecret, "JASPERS_ENCRYPTION_KEY=" + encryptionKey, "JASPERS_HASH_KEY=" + hashKey, "JASPERS_BCRYPT_COST=10",
		"JASPERS_ALPACA_CLIENT_ID=jaspers", "JASPERS_ALPACA_CLIENT_SECRET=" + clientSecret,
		"JASPERS_ALPACA_AUTHORIZE_URL=" + outside + "/alpaca/oauth/authorize", "JASPERS_ALPACA_TOKEN_URL=" + outside + "/alpaca/oauth/token",
		"JASPERS_ALPACA_LIVE_URL=" + outside + "/alpaca/live", "JASPERS_ALPACA_PAPER_URL=" + outside + "/alpaca/paper",
		"JASPERS_YAHOO_QUERY_URL=" + outside + "/yahoo", "JASPERS_YAHOO_COOKIE_URL=" + outside + "/yahoo",
		"JASPERS_YAHOO_PAGES_URL=" + outside + "/yahoo",
		"JASPERS_YAHOO_RATE=1000",                     // the simulated one has no budget to keep
		"JASPERS_FINNHUB_URL=" + outside + "/finnhub", // asked by whom a test gives the key
		"JASPERS_EDGAR_USER_AGENT=Jaspers tests tests@jaspers.example", "JASPERS_EDGAR_ARCHIVE_URL=" + outside + "/edgar/www",
		"JASPERS_EDGAR_DATA_URL=" + outside + "/edgar/data", "JASPERS_EDGAR_SEARCH_URL=" + outside + "/edgar/efts",
		"JASPERS_EDGAR_RATE=1000", "JASPERS_EDGAR_AHEAD=0", // what is fetched for nobody would be counted with what is asked for
		// One address and few people ask for everything here; the tests of the limits set their own.
		"JASPERS_LIMIT_REQUESTS=1000000", "JASPERS_LIMIT_SIGN_INS=100000", "JASPERS_LIMIT_SIGN_UPS=100000", "JASPERS_LIMIT_MESSAGES=100000",
		"JASPERS_ANTHROPIC_BASE_URL=" + outside + "/claude", "JASPERS_ANTHROPIC_API_KEY=" + modelKey,
	}
}

// run does the server's background work until the test is over, and then takes everything down in the order that the
// process does.
func (s *site) run(server *httptest.Server) {
	work, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { s.app.Run(work) })
	s.t.Cleanup(func() {
		brief, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond) // no test leaves an answer it waits for
		defer cancel()
		s.app.Chat.Close(brief)
		server.Close()
		stop()
		background.Wait()
		if err := errors.Join(s.app.Close(), s.db.Close()); err != nil {
			s.t.Errorf("close: %v", err)
		}
		s.outside.Close()
		s.checkLog()
	})
}

// keepSecret says that the log must never show a text.
func (s *site) keepSecret(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, texts...)
}

// checkLog wants no error of ours and no secret in anything that was logged.
func (s *site) checkLog() {
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "ERROR" && !s.mayFail {
			s.t.Errorf("the log has an error of ours (%v): %s", err, line)
		}
		if slices.ContainsFunc(s.secrets, func(secret string) bool { return strings.Contains(line, secret) }) {
			s.t.Errorf("the log shows a secret: %s", line)
		}
	}
}

// eventually waits until what is true, or fails with the last reason why it is not.
func eventually(t *testing.T, what string, is func() error) {
	t.Helper()
	err := errors.New("never asked")
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = is(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// syncBuffer can be written by many goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
