package telemetry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// shared is a buffer that a timer writes to while a test reads it.
type shared struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestLinesThatAreAlikeAreSaidOftenEnoughAndThenCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &shared{}
		plain, err := telemetry.NewLog(out, slog.LevelDebug, "json")
		if err != nil {
			t.Fatal(err)
		}
		log := telemetry.Thin(plain, 3)
		for i := range 10 {
			ctx := telemetry.WithCorrelation(t.Context(), fmt.Sprint("req-", i))
			log.ErrorContext(ctx, "request failed", "error", errors.New("the disk is full"), "path", fmt.Sprint("/", i))
		}
		log.Error("request failed", "error", errors.New("something else"))
		log.Warn("request failed", "error", errors.New("the disk is full"))
		if got := strings.Count(out.String(), "\n"); got != 5 {
			t.Errorf("got %d lines within the second, want 3 alike and 2 others:\n%s", got, out)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var last struct {
			Level, Msg, Like string
			N                int
			CorrelationIDs   []string
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Fatal(err)
		}
		if len(lines) != 6 || last.Level != "ERROR" || last.Like != "request failed" || last.N != 7 || strings.Join(last.CorrelationIDs, " ") != "req-3 req-4 req-5 req-6 req-7 req-8 req-9" {
			t.Errorf("got %d lines, the last %+v, want one more, for 7 lines with their ids", len(lines), last)
		}
		log.Error("request failed", "error", errors.New("the disk is full"))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := strings.Count(out.String(), "\n"); got != 7 {
			t.Errorf("got %d lines, want the next second to begin anew and nothing said of what was not withheld:\n%s", got, out)
		}
	})
}

func TestWithZeroEveryLineIsWritten(t *testing.T) {
	plain, out := newLog(t, "text")
	log := telemetry.Thin(plain, 0)
	for range 500 {
		log.Info("the same")
	}
	if got := strings.Count(out.String(), "\n"); got != 500 {
		t.Errorf("got %d lines, want 500", got)
	}
}

func TestMoreKindsOfLinesThanAreToldApartAreAllWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain, out := newLog(t, "text")
		log := telemetry.Thin(plain, 1)
		for i := range 3000 {
			log.Info("a line", "kind", i)
		}
		if got := strings.Count(out.String(), "\n"); got != 3000 {
			t.Errorf("got %d lines, want 3000", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
	})
}
