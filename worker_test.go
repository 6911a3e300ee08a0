package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// worker starts another process on the same database, which does nothing but jobs.
func (s *server) worker() *server {
	s.t.Helper()
	other := *s
	other.addr, other.dir = sharedtest.Address(s.t), s.t.TempDir()
	other.environ = append(append([]string{}, s.environ...), "JASPERS_ADDR="+other.addr, "JASPERS_JOB_WORKERS=2")
	other.program = start(s.t, other.dir, other.environ, "worker")
	waitReady(s.t, other.addr)
	return &other
}

func TestAWorkerDoesWhatServersLeaveToIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *server) {
		s.program.kill(t)
		s.environ = append(s.environ, "JASPERS_JOB_WORKERS=0")
		s.boot()
		began := time.Now()
		path := "/brokerages/connections/" + s.connect() + "/status"
		for _, r := range s.sim.Requests() {
			if strings.HasSuffix(r.Path, "/positions") {
				t.Errorf("a server without workers asked for %s", r.Path)
			}
		}
		w := s.worker()
		eventually(t, "the sync", func() error {
			if s.call("GET", path, "").(map[string]any)["lastSyncAt"] == nil {
				return errors.New("not yet")
			}
			return nil
		})
		if len(s.call("GET", "/portfolio/holdings", "").([]any)) == 0 {
			t.Error("the server sees nothing of what the worker fetched")
		}
		time.Sleep(time.Until(began.Add(10 * time.Second))) // longer than a server that has to look for work may leave that
		if server, worker := s.part("jobs"), w.part("jobs"); server != "ok" || worker != "ok" {
			t.Errorf("the server says that jobs are %s, the worker %s", server, worker)
		}
		for _, route := range []string{"/auth/me", "/portfolio/summary", "/docs", "/openapi.json"} {
			resp := w.send("GET", route, "", "")
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("the worker answers %s with %d", route, resp.StatusCode)
			}
		}
		w.program.terminate(t)
	})
}

// part is the word of health for one part.
func (s *server) part(name string) string {
	s.t.Helper()
	for _, p := range s.call("GET", "/health", "").(map[string]any)["parts"].([]any) {
		if part := p.(map[string]any); part["name"] == name {
			return part["status"].(string)
		}
	}
	return "missing"
}
