package chat

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func FuzzACursorMeansOnePlace(f *testing.F) {
	for _, cursor := range []string{
		"", writeCursor(time.Date(2026, 11, 18, 16, 0, 0, 123000, time.UTC), "01999999-0000-7000-8000-000000000000"), writeCursor(lastTime(), db.LastID),
		"AAAA", "%", "MjAyNi0xMS0xOFQxNjowMDowMFogeA",
	} {
		f.Add(cursor)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		at, id, err := readCursor(cursor)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v, want %s", cursor, err, fault.Invalid)
			}
			return
		}
		again, sameID, err := readCursor(writeCursor(at, id))
		if err != nil || !again.Equal(at) || sameID != id {
			t.Errorf("%q: got %v %s, and then %v %s (%v)", cursor, at, id, again, sameID, err)
		}
	})
}
