package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/market/finnhub"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// Config is every setting of the server. Each is an environment variable; the tag "also" names the one of the original
// plan that is accepted for it. Secrets may be given as files, by the variable with _FILE behind it.
type Config struct {
	HTTP      HTTPConfig
	Database  DatabaseConfig
	Auth      AuthConfig
	Mail      MailConfig
	Log       LogConfig
	Telemetry TelemetryConfig
	Jobs      JobsConfig
	Limits    LimitsConfig
	Alpaca    AlpacaConfig
	IBKR      IBKRConfig
	Yahoo     YahooConfig
	Finnhub   FinnhubConfig
	EDGAR     EDGARConfig
	Anthropic AnthropicConfig
	Budget    BudgetConfig
	Usage     UsageConfig

	keysFile string // where the encryption keys are kept, when they were not given
}

// HTTPConfig is how the server is reached.
type HTTPConfig struct {
	Addr        string   `env:"JASPERS_ADDR" envDefault:"127.0.0.1:3000" doc:"Where to listen, host:port."`
	PublicURL   string   `env:"JASPERS_PUBLIC_URL" doc:"How browsers reach the server; http://ADDR when empty, https://ADDR with TLS. Brokerages send browsers back to it."`
	CallbackURL string   `env:"JASPERS_CALLBACK_URL" also:"ALPACA_REDIRECT_URI" doc:"Where brokerages send browsers back to, as registered with them; PUBLIC_URL/api/brokerages/callback when empty."`
	CORSOrigins []string `env:"JASPERS_CORS_ORIGINS" doc:"Origins of other sites that may call the API from a browser, with commas, exactly as browsers send them."`
	Proxies     []string `env:"JASPERS_TRUSTED_PROXIES" doc:"Addresses or ranges (10.0.0.0/8) of proxies before the server, with commas: what they say in X-Forwarded-For is believed, from the right."`
	TLSCert     string   `env:"JASPERS_TLS_CERT_FILE" doc:"File with the certificate chain (PEM), to answer with TLS; read again when it changes."`
	TLSKey      string   `env:"JASPERS_TLS_KEY_FILE" doc:"File with the certificate's key (PEM), readable by the server alone."`
}

// DatabaseConfig is where everything is kept.
type DatabaseConfig struct {
	DataDir string           `env:"JASPERS_DATA_DIR" envDefault:"./data" doc:"Folder of the SQLite database and of the generated secrets."`
	URL     telemetry.Secret `env:"JASPERS_DATABASE_URL" also:"DATABASE_URL" doc:"sqlite:PATH or postgres://…; sqlite:DATA_DIR/jaspers.db when empty. DATABASE_HOST, _PORT, _USERNAME, _PASSWORD and _NAME make a PostgreSQL address too."`
	Replica telemetry.Secret `env:"JASPERS_DATABASE_REPLICA_URL" doc:"postgres://… of a streaming copy of the PostgreSQL database, which is asked for what may be some seconds old; none when empty."`
}

// AuthConfig is how people sign in. The secrets are generated with SQLite and required with PostgreSQL.
type AuthConfig struct {
	JWTSecret         telemetry.Secret `env:"JASPERS_JWT_SECRET" also:"JWT_SECRET" doc:"Signs access tokens: at least 32 random characters (openssl rand -hex 32)."`
	EncryptionKey     telemetry.Secret `env:"JASPERS_ENCRYPTION_KEY" also:"ENCRYPTION_KEY" doc:"Seals brokerage credentials and second factors: 64 hex digits (openssl rand -hex 32), with v2: before them when it is the second key, and so on."`
	EncryptionKeysOld telemetry.Secret `env:"JASPERS_ENCRYPTION_KEYS_OLD" doc:"Other keys that open what they sealed, such as v1:HEX, with commas; jaspers keys status says which are still needed."`
	HashKey           telemetry.Secret `env:"JASPERS_HASH_KEY" doc:"Proves that the audit log is as it was written, and makes the links in mails: at least 32 random characters (openssl rand -hex 32)."`
	AccessTTL         time.Duration    `env:"JASPERS_ACCESS_TOKEN_TTL" also:"JWT_EXPIRES_IN" envDefault:"15m" doc:"Life of an access token."`
	BcryptCost        int              `env:"JASPERS_BCRYPT_COST" envDefault:"10" doc:"Work of a password hash, 10 to 14."`
	Registration      string           `env:"JASPERS_REGISTRATION" envDefault:"open" doc:"open, or closed: then only jaspers user add makes accounts."`
}

// LogConfig is what is written to standard error.
type LogConfig struct {
	Level  slog.Level `env:"JASPERS_LOG_LEVEL" envDefault:"INFO" doc:"DEBUG, INFO, WARN or ERROR."`
	Format string     `env:"JASPERS_LOG_FORMAT" envDefault:"json" doc:"json or text."`
	Alike  int        `env:"JASPERS_LOG_ALIKE" envDefault:"50" doc:"Lines a second that may be alike but for their ids and times; the rest are counted and said in one line. 0 writes all."`
}

// JobsConfig is how background work is done.
type JobsConfig struct {
	Workers int           `env:"JASPERS_JOB_WORKERS" envDefault:"8" doc:"Jobs done at once by this process, beside syncs and snapshots. 0 for none, nor those: then jaspers worker has to run beside it."`
	Lease   time.Duration `env:"JASPERS_JOB_LEASE" envDefault:"30s" doc:"How long a job stays with a process that died; at most a minute."`
	Syncs   int           `env:"JASPERS_SYNC_CONCURRENCY" envDefault:"64" doc:"Connections that this process reads at once at each brokerage."`
	// GatewaySyncs are fewer, since all connections of a gateway share its limits.
	GatewaySyncs int `env:"JASPERS_SYNC_GATEWAY_CONCURRENCY" envDefault:"4" doc:"The same at a brokerage that is reached through your own gateway."`
}

// UsageConfig is how long it is kept what was asked of other companies and of the model.
type UsageConfig struct {
	Days  int `env:"JASPERS_USAGE_DAYS" envDefault:"7" doc:"Days before today of which each call is kept with its moment and correlation id, 1 to 366; of days before those, sums by person, endpoint and outcome."`
	Years int `env:"JASPERS_USAGE_YEARS" envDefault:"5" doc:"Years that the sums are kept, 1 to 100."`
}

func (c *UsageConfig) check() error {
	if c.Days < 1 || c.Days > 366 || c.Years < 1 || c.Years > 100 {
		return errors.New("JASPERS_USAGE_DAYS must be between 1 and 366, and JASPERS_USAGE_YEARS between 1 and 100")
	}
	return nil
}

// LimitsConfig is how much one may ask.
type LimitsConfig struct {
	Requests int              `env:"JASPERS_LIMIT_REQUESTS" envDefault:"1000" doc:"Requests an hour of a user or, where nobody is signed in, of an address."`
	SignIns  int              `env:"JASPERS_LIMIT_SIGN_INS" envDefault:"5" doc:"Failed sign-ins in 15 minutes to an account, and from an address."`
	SignUps  int              `env:"JASPERS_LIMIT_SIGN_UPS" envDefault:"20" doc:"Registrations an hour from an address."`
	Messages int              `env:"JASPERS_LIMIT_MESSAGES" envDefault:"10" doc:"Questions a minute in one conversation."`
	Streams  int              `env:"JASPERS_LIMIT_STREAMS" envDefault:"10" doc:"Streams of answers that a user listens to at a time."`
	RedisURL telemetry.Secret `env:"JASPERS_REDIS_URL" also:"REDIS_URL" doc:"redis://… or rediss://…, through which several processes count together and share what they fetched; each for itself, and through the database, when empty. No two installations share one."`
}

// AlpacaConfig has Alpaca connected on its consent page, too, when the client id and secret are there.
type AlpacaConfig struct {
	ClientID     string           `env:"JASPERS_ALPACA_CLIENT_ID" also:"ALPACA_CLIENT_ID" doc:"Of your OAuth app at Alpaca; without it people connect with API keys of their own."`
	ClientSecret telemetry.Secret `env:"JASPERS_ALPACA_CLIENT_SECRET" also:"ALPACA_CLIENT_SECRET" doc:"Of your OAuth app at Alpaca."`
	AuthorizeURL string           `env:"JASPERS_ALPACA_AUTHORIZE_URL" doc:"Another consent page, such as the simulator's."`
	TokenURL     string           `env:"JASPERS_ALPACA_TOKEN_URL" doc:"Another token endpoint."`
	LiveURL      string           `env:"JASPERS_ALPACA_LIVE_URL" doc:"Another host for live accounts."`
	PaperURL     string           `env:"JASPERS_ALPACA_PAPER_URL" doc:"Another host for paper accounts."`
}

// YahooConfig is where prices come from.
type YahooConfig struct {
	Enabled   bool   `env:"JASPERS_YAHOO_ENABLED" envDefault:"true" doc:"Yahoo Finance has no official API and is for personal use: switch it off otherwise."`
	QueryURL  string `env:"JASPERS_YAHOO_QUERY_URL" doc:"Another host for queries."`
	CookieURL string `env:"JASPERS_YAHOO_COOKIE_URL" doc:"Another host for the session's cookie."`
	PagesURL  string `env:"JASPERS_YAHOO_PAGES_URL" doc:"Another host for news, and for pages that set the cookie where the host for it does not."`
	// Rate is by default what Yahoo lets one address ask without complaint.
	Rate float64 `env:"JASPERS_YAHOO_RATE" envDefault:"2" doc:"Requests a second that all your processes make together, 0.1 to 1000; Yahoo allows one address about 2."`
}

// FinnhubConfig has Finnhub asked for what Yahoo cannot say, or alone where that is switched off, when a key is there.
type FinnhubConfig struct {
	APIKey telemetry.Secret `env:"JASPERS_FINNHUB_API_KEY" also:"FINNHUB_API_KEY" doc:"Your key at Finnhub; the free plan has prices of New York, companies, earnings and news."`
	URL    string           `env:"JASPERS_FINNHUB_URL" doc:"Another address of Finnhub's API, with /api/v1."`
	// PerMinute is by default what the free plan allows a key.
	PerMinute int `env:"JASPERS_FINNHUB_PER_MINUTE" envDefault:"60" doc:"Requests a minute that your plan allows the key, 10 to 1800; all your processes share them."`
}

// EDGARConfig switches filings on when the User-Agent is there.
type EDGARConfig struct {
	UserAgent  string `env:"JASPERS_EDGAR_USER_AGENT" also:"EDGAR_USER_AGENT" doc:"Who you are to the SEC, which asks for a name and an address of mail, such as \"Name contact@example.com\"; without it there are no filings."`
	ArchiveURL string `env:"JASPERS_EDGAR_ARCHIVE_URL" doc:"Another host for documents and the list of companies."`
	DataURL    string `env:"JASPERS_EDGAR_DATA_URL" doc:"Another host for lists of filings and for figures."`
	SearchURL  string `env:"JASPERS_EDGAR_SEARCH_URL" doc:"Another host for full-text search."`
	// Rate keeps away from ten, where the SEC begins to shut people out.
	Rate  float64 `env:"JASPERS_EDGAR_RATE" envDefault:"8" doc:"Requests a second that all your processes make together, 0.1 to 8; the SEC shuts out for ten minutes who makes more than 10."`
	Ahead int     `env:"JASPERS_EDGAR_AHEAD" envDefault:"300" doc:"Filings fetched within a day before anybody asks: the latest annual, quarterly and current reports of what people hold; 0 for none, 10000 at most."`
}

// declared matches what the SEC wants to know: words, and an address of mail.
var declared = regexp.MustCompile(`^[\x21-\x7e][\x20-\x7e]{0,150} [^\s@]+@[^\s@]+\.[A-Za-z]+\)?$`)

func (c *EDGARConfig) check() error {
	if c.UserAgent != "" && !declared.MatchString(c.UserAgent) {
		return errors.New(`JASPERS_EDGAR_USER_AGENT must be a name and an address of mail such as "Name contact@example.com"`)
	}
	if c.Ahead < 0 || c.Ahead > 10_000 {
		return errors.New("JASPERS_EDGAR_AHEAD must be between 0 and 10000")
	}
	most := float64(edgar.Rate)
	if c.ArchiveURL != "" && c.DataURL != "" && c.SearchURL != "" { // not the SEC's
		most = 1000
	}
	if !(c.Rate >= 0.1 && c.Rate <= most) { // written so that it refuses NaN, too
		return errors.New("JASPERS_EDGAR_RATE must be between 0.1 and 8: the SEC shuts out who makes more than ten requests a second")
	}
	return nil
}

// LoadConfig reads the settings from an environment ("NAME=value" each) and, below it, from a .env file where there is one.
func LoadConfig(environ []string, dotenv string) (Config, error) {
	values, err := godotenv.Read(dotenv)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("%s cannot be read", dotenv) // the cause would show a line of it
	}
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, env.ToMap(environ))
	var cfg Config
	if err := resolve(values); err != nil {
		return cfg, err
	}
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: values}); err != nil {
		return cfg, badSettings(err)
	}
	return cfg, cfg.complete()
}

// resolve puts the plan's names and the contents of _FILE variables under our own names.
func resolve(values map[string]string) error {
	for _, s := range settings(&Config{}) {
		if values[s.name] == "" && s.also != "" {
			values[s.name] = values[s.also]
		}
		for _, name := range []string{s.name, s.also} {
			path := values[name+"_FILE"]
			if !s.secret || name == "" || path == "" || values[s.name] != "" {
				continue
			}
			text, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
			if err != nil {
				return fmt.Errorf("%s_FILE names a file that cannot be read", name)
			}
			values[s.name] = strings.TrimSpace(string(text))
		}
		if values[s.name] == "" {
			delete(values, s.name) // an empty value means the default
		}
	}
	if host := values["DATABASE_HOST"]; host != "" && values["JASPERS_DATABASE_URL"] == "" {
		values["JASPERS_DATABASE_URL"] = planDatabase(host, values)
	}
	if port := values["PORT"]; port != "" && values["JASPERS_ADDR"] == "" {
		values["JASPERS_ADDR"] = "127.0.0.1:" + port
	}
	return nil
}

// planDatabase makes an address of the plan's five variables.
func planDatabase(host string, values map[string]string) string {
	if port := values["DATABASE_PORT"]; port != "" {
		host += ":" + port
	}
	address := url.URL{
		Scheme: "postgres", Host: host, Path: "/" + values["DATABASE_NAME"],
		User: url.UserPassword(values["DATABASE_USERNAME"], values["DATABASE_PASSWORD"]),
	}
	return address.String()
}

// badSettings names the settings that cannot be read, without their values.
func badSettings(err error) error {
	var names []string
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		for _, one := range all.Errors {
			p, ok := errors.AsType[env.ParseError](one)
			for _, s := range settings(&Config{}) {
				if ok && s.field == p.Name {
					names = append(names, s.name)
				}
			}
		}
	}
	return fmt.Errorf("these settings have values of the wrong form: %s (see .env.example)", strings.Join(names, ", "))
}

// complete fills in what follows from other settings, and checks them.
func (c *Config) complete() error {
	if c.HTTP.PublicURL == "" {
		c.HTTP.PublicURL = c.HTTP.scheme() + "://" + c.HTTP.Addr
	}
	public, err := url.Parse(c.HTTP.PublicURL)
	if err != nil || public.Hostname() == "" || public.Scheme != "http" && public.Scheme != "https" {
		return errors.New("JASPERS_PUBLIC_URL must be an address such as https://jaspers.example.com; it can be left out only when JASPERS_ADDR names a host")
	}
	c.HTTP.PublicURL = strings.TrimRight(c.HTTP.PublicURL, "/")
	if c.Database.URL == "" {
		c.Database.URL = telemetry.Secret("sqlite:" + filepath.Join(c.Database.DataDir, "jaspers.db"))
	}
	if !slices.ContainsFunc([]string{"sqlite:", "postgres://", "postgresql://"}, func(scheme string) bool {
		return strings.HasPrefix(string(c.Database.URL), scheme)
	}) {
		return errors.New("JASPERS_DATABASE_URL must begin with sqlite: or postgres://")
	}
	if c.HTTP.CallbackURL == "" {
		c.HTTP.CallbackURL = c.HTTP.PublicURL + "/api/brokerages/callback"
	}
	if c.Auth.BcryptCost < 10 || c.Auth.BcryptCost > 14 {
		return errors.New("JASPERS_BCRYPT_COST must be between 10 and 14")
	}
	if c.Auth.AccessTTL < time.Minute || c.Auth.AccessTTL > 24*time.Hour {
		return errors.New("JASPERS_ACCESS_TOKEN_TTL must be between 1m and 24h")
	}
	if c.Jobs.Workers < 0 || c.Jobs.Lease < time.Second || c.Jobs.Lease > time.Minute {
		return errors.New("JASPERS_JOB_WORKERS must not be below 0, and JASPERS_JOB_LEASE between 1s and 1m")
	}
	if min(c.Jobs.Syncs, c.Jobs.GatewaySyncs) < 1 || max(c.Jobs.Syncs, c.Jobs.GatewaySyncs) > 1000 {
		return errors.New("JASPERS_SYNC_CONCURRENCY and JASPERS_SYNC_GATEWAY_CONCURRENCY must be between 1 and 1000")
	}
	if c.Auth.Registration != "open" && c.Auth.Registration != "closed" {
		return errors.New("JASPERS_REGISTRATION must be open or closed")
	}
	if !(c.Yahoo.Rate >= 0.1 && c.Yahoo.Rate <= 1000) { // written so that it refuses NaN, too
		return errors.New("JASPERS_YAHOO_RATE must be between 0.1 and 1000")
	}
	if c.Finnhub.PerMinute < 10 || c.Finnhub.PerMinute > 60*finnhub.PerSecond {
		return errors.New("JASPERS_FINNHUB_PER_MINUTE must be between 10 and 1800")
	}
	if err := c.EDGAR.check(); err != nil {
		return err
	}
	if err := c.Anthropic.check(); err != nil {
		return err
	}
	if err := errors.Join(c.Budget.check(), c.Usage.check()); err != nil {
		return err
	}
	if err := c.IBKR.check(); err != nil {
		return err
	}
	if err := c.Mail.check(); err != nil {
		return err
	}
	if c.Log.Alike < 0 {
		return errors.New("JASPERS_LOG_ALIKE must not be negative; 0 writes all lines")
	}
	if err := c.Telemetry.check(); err != nil {
		return err
	}
	return c.checkEdges()
}

// setting is one field of a Config.
type setting struct {
	field, name, also, preset, doc, group string
	secret                                bool
	value                                 reflect.Value
}

// settings lists every field of cfg in its order.
func settings(cfg *Config) []setting {
	var all []setting
	groups := reflect.ValueOf(cfg).Elem()
	for i := range groups.NumField() {
		group := groups.Field(i)
		if group.Kind() != reflect.Struct {
			continue
		}
		for j := range group.NumField() {
			field := group.Type().Field(j)
			all = append(all, setting{
				field: field.Name, name: field.Tag.Get("env"), also: field.Tag.Get("also"), preset: field.Tag.Get("envDefault"), doc: field.Tag.Get("doc"),
				group: groups.Type().Field(i).Name, secret: field.Type == reflect.TypeFor[telemetry.Secret](), value: group.Field(j),
			})
		}
	}
	return all
}

// Print writes the settings in force, one a line, with secrets hidden.
func (c *Config) Print(w io.Writer) error {
	for _, s := range settings(c) {
		if _, err := fmt.Fprintf(w, "%s=%v\n", s.name, s.value.Interface()); err != nil {
			return err
		}
	}
	return nil
}

// WriteExample writes .env.example: every setting with its meaning and default.
func WriteExample(w io.Writer) error {
	text := "# Every setting of Jaspers AI, with its default. Made by: go run . config -example\n"
	group := ""
	for _, s := range settings(&Config{}) {
		if s.group != group {
			group = s.group
			text += "\n## " + group + "\n"
		}
		text += "\n# " + s.doc
		if s.also != "" {
			text += " " + s.also + " is accepted too."
		}
		if s.secret {
			text += " Or name a file in " + s.name + "_FILE."
		}
		text += "\n" + s.name + "=" + s.preset + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
