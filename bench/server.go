package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the program under measurement.
type server struct {
	url    string
	dir    string
	cmd    *exec.Cmd
	log    *bytes.Buffer
	client *http.Client
}

// startServer builds the program from the module in the present folder and starts it on an empty SQLite database, with
// these settings. stop ends it and removes all it wrote.
func startServer(ctx context.Context, settings ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "jaspers-bench")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, log: &bytes.Buffer{}, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 512},
	}}
	if err := s.start(ctx, settings); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) start(ctx context.Context, settings []string) error {
	program := filepath.Join(s.dir, "jaspers")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".") // #nosec G204 -- a folder of our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build (run this in the module's folder): %w: %s", err, out)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	s.url = "http://" + addr
	s.cmd = exec.CommandContext(ctx, program, "serve") // #nosec G204 -- as above
	s.cmd.Dir, s.cmd.Stderr = s.dir, s.log
	s.cmd.Env = append([]string{"HOME=" + s.dir, "JASPERS_ADDR=" + addr, "JASPERS_LOG_LEVEL=WARN", "JASPERS_YAHOO_ENABLED=false"}, settings...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		resp, err := s.client.Get(s.url + "/api/health/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return fmt.Errorf("the server is not ready: %s", s.log)
}

func (s *server) stop() error {
	var err error
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		err = s.cmd.Wait()
	}
	s.client.CloseIdleConnections()
	return errors.Join(err, os.RemoveAll(s.dir))
}

// cpu is what the server used of the processors, once it was stopped.
func (s *server) cpu() time.Duration {
	if s.cmd == nil || s.cmd.ProcessState == nil {
		return 0
	}
	return s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
}

// answer is what matters of a response.
type answer struct {
	status int
	took   time.Duration
	body   []byte
}

// send asks, with a token when one is given, and reads the whole answer.
func (s *server) send(ctx context.Context, method, path, token, body string) (answer, error) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/api"+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, time.Since(began), text}, err
}

// signInBody is what one signs in with.
func signInBody(email, password string) string {
	text, _ := json.Marshal(map[string]string{"email": email, "password": password}) // texts always can be
	return string(text)
}

// register opens an account and returns its access token.
func (s *server) register(ctx context.Context, email, password string) (string, error) {
	a, err := s.send(ctx, http.MethodPost, "/auth/register", "", signInBody(email, password))
	if err != nil {
		return "", err
	}
	var in struct {
		Data struct{ Tokens struct{ AccessToken string } }
	}
	if err := json.Unmarshal(a.body, &in); err != nil || a.status != http.StatusCreated {
		return "", fmt.Errorf("register: status %d: %s", a.status, a.body)
	}
	return in.Data.Tokens.AccessToken, nil
}

// memory is the server's resident set in bytes; 0 where the system does not tell.
func (s *server) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// ticks is what the server has used of the processors so far; 0 where the system does not tell.
func (s *server) ticks() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // a hundredth of a second each
}
