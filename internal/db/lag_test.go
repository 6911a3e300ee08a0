package db

import (
	"database/sql"
	"testing"
	"time"
)

// at is a position of the primary at a second of its clock, or of a replica that recovers.
func at(lsn int64, second int) position {
	return position{lsn: lsn, now: time.Unix(int64(1_000_000+second), 0)}
}

func replayed(lsn int64, second int) position {
	return position{recovering: true, lsn: lsn, replayed: sql.NullTime{Time: time.Unix(int64(1_000_000+second), 0), Valid: true}}
}

// nothingSaid is a replica that has replayed no commit since it began.
func nothingSaid(lsn int64) position { return position{recovering: true, lsn: lsn} }

func TestAReplicaIsAsOldAsWhatItLacks(t *testing.T) {
	type look struct {
		primary, copied position
		lag             time.Duration // at the look; -1 where it is not known
	}
	for name, looks := range map[string][]look{
		"it has everything":                             {{at(10, 0), replayed(10, 0), 0}, {at(20, 1), replayed(20, 1), 0}},
		"a primary that writes nothing":                 {{at(10, 0), replayed(10, -5000), 0}, {at(10, 3000), replayed(10, -5000), 0}},
		"the first write after a long silence":          {{at(10, 0), replayed(10, -5000), 0}, {at(20, 1), replayed(10, -5000), time.Second}, {at(20, 2), replayed(20, 1), 0}},
		"always a little late, by its last commit":      {{at(10, 0), replayed(5, -2), 2 * time.Second}, {at(20, 1), replayed(8, -1), 2 * time.Second}},
		"always a little late, and no commit tells":     {{at(10, 0), nothingSaid(5), -1}, {at(20, 1), nothingSaid(15), time.Second}, {at(30, 2), nothingSaid(18), 2 * time.Second}},
		"cut off while its primary writes":              {{at(10, 0), replayed(10, 0), 0}, {at(20, 1), replayed(10, 0), time.Second}, {at(30, 9), replayed(10, 0), 9 * time.Second}},
		"late since before anybody looked":              {{at(10, 0), replayed(5, -3600), time.Hour}, {at(20, 1), replayed(5, -3600), time.Hour + time.Second}},
		"late, and nothing tells since when":            {{at(10, 0), nothingSaid(5), -1}, {at(10, 1), nothingSaid(5), -1}},
		"it comes back as it was before":                {{at(10, 0), replayed(10, 0), 0}, {at(20, 1), nothingSaid(5), -1}, {at(20, 2), nothingSaid(20), 0}},
		"clocks that were set back make nothing newer":  {{at(10, 0), replayed(5, 7), 0}},
		"what does not recover goes by where it is":     {{at(10, 0), at(10, 0), 0}, {at(20, 1), at(20, 1), 0}},
		"what does not recover and stands still is old": {{at(10, 0), at(10, 0), 0}, {at(20, 60), at(10, 60), time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			var g progress
			began := time.Now()
			for i, l := range looks {
				asked := began.Add(l.primary.now.Sub(looks[0].primary.now))
				g.note(asked, l.primary, l.copied)
				got := asked.Sub(g.asOf)
				if g.asOf.IsZero() {
					got = -1
				}
				if got != l.lag || g.behind != (l.copied.lsn < l.primary.lsn) {
					t.Errorf("look %d: got %s, behind: %v; want %s", i, got, g.behind, l.lag)
				}
			}
		})
	}
}

func TestOnlyACopyOfThePrimaryIsAReplica(t *testing.T) {
	primary := position{database: 5, system: 7, timeline: "00000001"}
	for name, tc := range map[string]struct {
		replica position
		want    bool
	}{
		"a standby":                           {position{recovering: true, database: 5, system: 7}, true},
		"the primary by another way":          {primary, true},
		"a standby that hides what it is":     {position{recovering: true, database: 5}, true},
		"another database of the same server": {position{recovering: true, database: 6, system: 7}, false},
		"another server's standby":            {position{recovering: true, database: 5, system: 8}, false},
		"another server":                      {position{database: 5, system: 8, timeline: "00000001"}, false},
		"a standby that was promoted":         {position{database: 5, system: 7, timeline: "00000002"}, false},
	} {
		if got := tc.replica.isCopyOf(primary); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}
