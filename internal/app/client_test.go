package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// person is somebody with a browser. Every answer they get is checked against the server's description.
type person struct {
	*site
	email, password string
	id              string
	access, refresh string
	browser         *http.Client
}

const password = "correct horse staple"

// stranger is somebody who has not signed in.
func (s *site) stranger() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true} // what the server sends is what is looked at
	s.t.Cleanup(transport.CloseIdleConnections)
	return &person{site: s, browser: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// register opens an account in somebody's name.
func (s *site) register(name string) *person {
	s.t.Helper()
	p := s.stranger()
	p.email, p.password = name+"@example.com", password
	s.keepSecret(p.password)
	in := data[signedIn](p.post("/auth/register", map[string]any{"email": p.email, "password": p.password}).status(http.StatusCreated))
	p.id = in.User.ID
	p.take(in.Tokens)
	return p
}

// login signs in anew, as after the clock was moved far.
func (p *person) login() {
	p.t.Helper()
	p.take(data[signedIn](p.post("/auth/login", map[string]any{"email": p.email, "password": p.password}).status(http.StatusOK)).Tokens)
}

func (p *person) take(t tokens) {
	p.access, p.refresh = t.AccessToken, t.RefreshToken
	p.keepSecret(t.AccessToken, t.RefreshToken)
}

// change edits a request before it is sent.
type change func(*http.Request)

func header(name, value string) change {
	return func(r *http.Request) {
		r.Header.Set(name, value)
	}
}

func asStream() change { return header("Accept", "text/event-stream") }

func (p *person) get(path string, changes ...change) answer {
	p.t.Helper()
	return p.do(http.MethodGet, path, nil, changes...)
}

func (p *person) post(path string, body any, changes ...change) answer {
	p.t.Helper()
	return p.do(http.MethodPost, path, body, changes...)
}

// do sends a request below /api and reads the whole answer. A text is sent as it is, anything else as JSON.
func (p *person) do(method, path string, body any, changes ...change) answer {
	p.t.Helper()
	req := p.request(method, path, body, changes...)
	resp, err := p.browser.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{p.t, method + " " + path, resp.StatusCode, resp.Header, text}
	p.hear(a)
	if err := p.contract.check(req, a.Status, a.Header, unzipped(p.t, a)); err != nil {
		p.t.Errorf("%s: the answer is not as described: %v\n%s", a.to, err, a)
	}
	return a
}

func (p *person) request(method, path string, body any, changes ...change) *http.Request {
	p.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			p.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+"/api"+path, content)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.access != "" {
		req.Header.Set("Authorization", "Bearer "+p.access)
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, c := range changes {
		c(req)
	}
	return req
}

// answer is what came back.
type answer struct {
	t      *testing.T
	to     string // the request
	Status int
	Header http.Header
	Body   []byte
}

func (a answer) String() string {
	return fmt.Sprintf("%s answered %d: %.2000s", a.to, a.Status, a.Body)
}

// status wants a status.
func (a answer) status(want int) answer {
	a.t.Helper()
	if a.Status != want {
		a.t.Fatalf("got %v, want status %d", a, want)
	}
	return a
}

// fails wants an error.
func (a answer) fails(status int, code string) answer {
	a.t.Helper()
	if a.Status != status || a.failure().Error.Code != code {
		a.t.Errorf("got %v, want %d %s", a, status, code)
	}
	return a
}

type failure struct {
	Error struct {
		Code, Message string
		Fields        []struct{ Path, Message string }
	}
}

func (a answer) failure() failure {
	var f failure
	_ = json.Unmarshal(a.Body, &f) // what is no JSON has no code, and is checked elsewhere
	return f
}

// fields are the paths that an error names, sorted.
func (a answer) fields() []string {
	var paths []string
	for _, f := range a.failure().Error.Fields {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return paths
}

// meta is what an answer says beside its data.
type meta struct {
	Warnings   []string
	NextCursor string
	Unknown    []string
}

// data is what an answer holds, and dataMeta what it says about it too.
func data[T any](a answer) T {
	a.t.Helper()
	v, _ := dataMeta[T](a)
	return v
}

func dataMeta[T any](a answer) (T, meta) {
	a.t.Helper()
	var envelope struct {
		Success bool
		Data    T
		Meta    meta
	}
	if err := json.Unmarshal(a.Body, &envelope); err != nil || !envelope.Success {
		a.t.Fatalf("got %v (%v), want a success", a, err)
	}
	return envelope.Data, envelope.Meta
}

type tokens struct {
	AccessToken, RefreshToken string
	ExpiresIn                 int
}

type signedIn struct {
	User   struct{ ID, Email string }
	Tokens tokens
}

type link struct {
	ID, Provider, ProviderName, Environment, Status string
	Accounts                                        []string
	LastSyncAt                                      *time.Time
	Error                                           *problem
}

type problem struct{ Code, Message string }

type authorization struct{ AuthorizationURL, State string }

// begin starts to connect an account; the browser has the attempt's cookie then.
func (p *person) begin(environment string) authorization {
	p.t.Helper()
	return data[authorization](p.post("/brokerages/connect", map[string]any{"provider": "alpaca", "environment": environment}).status(http.StatusOK))
}

// consent fills in the simulator's consent page and returns the path below /api that the browser is sent back to.
func (p *person) consent(a authorization, customer, decision string) string {
	p.t.Helper()
	page, err := p.browser.Get(a.AuthorizationURL)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := io.ReadAll(page.Body)
	_ = page.Body.Close()
	if err != nil || !bytes.Contains(text, []byte(`value="`+customer+`"`)) {
		p.t.Fatalf("got %v %s (%v), want a page on which to choose %s", page.Status, text, err, customer)
	}
	back, err := p.browser.PostForm(a.AuthorizationURL, url.Values{"customer": {customer}, "decision": {decision}})
	if err != nil {
		p.t.Fatal(err)
	}
	_ = back.Body.Close()
	path, ours := strings.CutPrefix(back.Header.Get("Location"), p.url+"/api")
	if !ours {
		p.t.Fatalf("got %v to %q, want a redirect to %s", back.Status, back.Header.Get("Location"), p.url)
	}
	return path
}

// connect links a customer's live account, and waits until it was read.
func (p *person) connect(customer string) link {
	p.t.Helper()
	back := p.consent(p.begin("live"), customer, "allow")
	c := data[link](p.get(back).status(http.StatusOK))
	return p.waitSynced(c.ID)
}

// waitSynced waits until a connection was read at the present time.
func (p *person) waitSynced(id string) link {
	p.t.Helper()
	var c link
	eventually(p.t, "sync", func() error {
		c = p.linkStatus(id)
		if c.LastSyncAt == nil || !c.LastSyncAt.Equal(p.clock.Now()) {
			return fmt.Errorf("read at %v, error %v", c.LastSyncAt, c.Error)
		}
		return nil
	})
	p.waitIdle()
	return c
}

// waitIdle waits until no job is running any more. What was read is there a moment before its job has ended, and until
// then asking for it to be read again changes nothing.
func (s *site) waitIdle() {
	s.t.Helper()
	eventually(s.t, "jobs", func() error {
		var running int
		err := s.db.Read().QueryRowContext(s.t.Context(), "select count(*) from jobs where state = 'running'").Scan(&running)
		if err == nil && running > 0 {
			err = fmt.Errorf("%d are running", running)
		}
		return err
	})
}

func (p *person) linkStatus(id string) link {
	p.t.Helper()
	return data[link](p.get("/brokerages/connections/" + id + "/status").status(http.StatusOK))
}

func gunzip(t *testing.T, packed []byte) []byte {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// raw sends bytes as they are, says that no more will come, and returns what came back.
func (s *site) raw(request string) []byte {
	s.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}
