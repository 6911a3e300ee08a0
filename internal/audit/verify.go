package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Trouble is one way in which the log is not as it was written.
type Trouble string

// The troubles, in words that stand behind "rows", or alone where there is one at most.
const (
	Edited    Trouble = "edited after they were written"
	Removed   Trouble = "taken out of the log"
	Unchained Trouble = "taken out of the chain"
	Misplaced Trouble = "not where they were, so reordered or with their links rewritten"
	Stray     Trouble = "without a place in the chain and not waiting for one, so put there by a stranger or robbed of their places"
	Erased    Trouble = "emptied of address, user agent and details although no account was deleted"
	Lost      Trouble = "waiting for a place in the chain, but gone from the log"
	Late      Trouble = "waiting for a place in the chain although more than a minute was recorded after them, so that nobody gave them one"
	BadHead   Trouble = "the record of the chain's end: it was changed"
	NotNoted  Trouble = "the end that was noted: it is not in this chain"
)

// troubles is their order in a report.
var troubles = []Trouble{BadHead, NotNoted, Edited, Removed, Unchained, Misplaced, Stray, Erased, Lost, Late}

// Finding is how often there is a trouble and where first.
type Finding struct {
	Trouble Trouble
	Count   int64
	First   string // of rows in the chain their number, of others their id
}

func (f Finding) String() string {
	if f.Trouble == BadHead || f.Trouble == NotNoted {
		return string(f.Trouble)
	}
	return fmt.Sprintf("rows %s: %d (the first: %s)", f.Trouble, f.Count, f.First)
}

// Report is what Verify found. The log is intact when it has no findings; where all are Late nothing was altered.
type Report struct {
	Rows     int64 // in the chain
	Waiting  int64 // for a place in it, which a server that runs gives within seconds
	Head     Head
	Findings []Finding
}

// lateAfter is how long a row may wait for its place, by the moment of the newest row and not by now: a backup, and what a
// server left that was killed, are as good later as they were then. To make a row seem newer takes the key.
const lateAfter = time.Minute

// Verify reads the whole log, as it is at one moment, and tells what in it is not as it was written. It may be called
// while the server works, and needs little memory. The head, when not zero, is one that was noted earlier.
//
// It cannot see that rows vanished which had no place in the chain yet, about a second after they were written; nor,
// without a noted head, that the end of the chain was cut off together with its record replaced by an older one.
func (l *Log) Verify(ctx context.Context, noted Head) (Report, error) {
	v := verification{l: l, noted: noted, found: map[Trouble]*Finding{}, erased: map[owner]*emptied{}, deleted: map[string]bool{}}
	err := l.db.Snapshot(ctx, func(q db.Querier) error {
		if err := v.head(ctx, q); err != nil {
			return err
		}
		return errors.Join(v.chain(ctx, q), v.outbox(ctx, q), v.late(ctx, q), v.strays(ctx, q))
	})
	if err != nil {
		return Report{}, fmt.Errorf("read the audit log: %w", err)
	}
	return v.report(), nil
}

// verification is one reading of the log.
type verification struct {
	l     *Log
	noted Head
	end   Head
	rows  int64
	waits int64
	last  Head // the place read last
	// newest is the moment of the youngest row whose proof holds, of those read so far.
	newest time.Time
	found  map[Trouble]*Finding
	// erased are the rows emptied of personal data, by whose they were, and deleted the accounts that were deleted. Which
	// of them is read first says nothing: rows that were written at once get their places in any order.
	erased  map[owner]*emptied
	deleted map[string]bool
	isNoted bool
}

func (v *verification) find(t Trouble, count int64, first string) {
	if f, ok := v.found[t]; ok {
		f.Count += count
		return
	}
	v.found[t] = &Finding{t, count, first}
}

func (v *verification) head(ctx context.Context, q db.Querier) error {
	head, mac, there, err := takeHead(ctx, q, "")
	v.end = head
	if err == nil && (!there || !v.l.isHead(head, mac)) {
		v.find(BadHead, 1, "")
	}
	return err
}

const logColumns = `l.id, l.at, l.action, l.outcome, l.user_id, l.actor, l.actor_id, l.target, l.correlation_id,
	l.address, l.user_agent, l.details, l.personal_mac, l.mac`

// read is a row of audit_logs as it is found, in which anything may be missing.
type read struct {
	at                                                           any
	id, action, outcome, actor, correlation, personalMAC, rowMAC sql.NullString
	row
}

func (r *read) targets() []any {
	return []any{&r.id, &r.at, &r.action, &r.outcome, &r.UserID, &r.actor, &r.ActorID, &r.Target, &r.correlation,
		&r.Address, &r.UserAgent, &r.Details, &r.personalMAC, &r.rowMAC}
}

// owner is whose a row is: the account it is about, and who did it.
type owner struct{ user, actor string }

// emptied counts the erased rows of an owner.
type emptied struct {
	count, seq int64
	first      string
}

// judge takes note of what is wrong with a row, whose number is seq and which is found where. It tells whether the row's
// own proof holds.
func (v *verification) judge(r *read, seq int64, where string) bool {
	at, isTime := r.at.(time.Time)
	r.ID, r.At, r.Action, r.Outcome = r.id.String, at, Action(r.action.String), Outcome(r.outcome.String)
	r.Actor, r.CorrelationID, r.PersonalMAC, r.MAC = Actor(r.actor.String), r.correlation.String, r.personalMAC.String, r.rowMAC.String
	if !isTime || !same(r.MAC, v.l.rowMAC(r.row)) {
		v.find(Edited, 1, where)
		return false
	}
	if r.At.After(v.newest) {
		v.newest = r.At
	}
	if r.Action == DeleteAccount && r.Outcome == Success && r.UserID != nil {
		v.deleted[*r.UserID] = true
	}
	switch {
	case r.Address == nil && r.UserAgent == nil && r.Details == nil:
		v.empty(owner{value(r.UserID), value(r.ActorID)}, seq, where)
	case !same(r.PersonalMAC, v.l.personalMAC(r.row)):
		v.find(Edited, 1, where)
	}
	return true
}

func (v *verification) empty(of owner, seq int64, where string) {
	if e, ok := v.erased[of]; ok {
		e.count++
		return
	}
	v.erased[of] = &emptied{1, seq, where}
}

// chain reads the places in their order.
func (v *verification) chain(ctx context.Context, q db.Querier) error {
	rows, err := q.QueryContext(ctx, `select c.seq, c.log_id, c.link, `+logColumns+`
		from audit_chain c left join audit_logs l on l.id = c.log_id order by c.seq`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what could fail shows in rows.Err
	for rows.Next() {
		var p place
		var r read
		if err := rows.Scan(append([]any{&p.seq, &p.logID, &p.link}, r.targets()...)...); err != nil {
			return err
		}
		v.place(p, &r)
	}
	if missing := v.end.Seq - v.last.Seq; missing > 0 {
		v.find(Unchained, missing, fmt.Sprintf("row %d", v.last.Seq+1))
	}
	if v.last.Seq == v.end.Seq && v.last.Link != v.end.Link && v.end.Seq > 0 {
		v.find(Misplaced, 1, fmt.Sprintf("row %d", v.last.Seq))
	}
	return rows.Err()
}

func (v *verification) place(p place, r *read) {
	v.rows++
	where := fmt.Sprintf("row %d", p.seq)
	whole := p.seq == v.last.Seq+1
	switch missing := p.seq - v.last.Seq - 1; {
	case missing > 0:
		v.find(Unchained, missing, fmt.Sprintf("row %d", v.last.Seq+1))
	case p.seq > v.end.Seq:
		v.find(Stray, 1, where)
	}
	if !r.id.Valid {
		v.find(Removed, 1, where)
	} else {
		holds := v.judge(r, p.seq, where) // if not, its link cannot hold either
		if holds && whole && !same(p.link, v.l.link(p.seq, v.last.Link, p.logID, r.MAC)) {
			v.find(Misplaced, 1, where)
		}
	}
	v.last = Head{p.seq, p.link}
	v.isNoted = v.isNoted || v.last == v.noted
}

// outbox reads the rows that wait. Those that have a place already are left over from a crash, or put there by somebody
// to no effect.
func (v *verification) outbox(ctx context.Context, q db.Querier) error {
	rows, err := q.QueryContext(ctx, `select o.log_id, `+logColumns+` from audit_outbox o left join audit_logs l on l.id = o.log_id
		where not exists (select 1 from audit_chain c where c.log_id = o.log_id) order by o.log_id`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var r read
		if err := rows.Scan(append([]any{&id}, r.targets()...)...); err != nil {
			return err
		}
		if !r.id.Valid {
			v.find(Lost, 1, id)
			continue
		}
		v.judge(&r, math.MaxInt64, id)
		v.waits++
	}
	return rows.Err()
}

// late are rows that wait although a server that seals would have given them their places. It is asked when all were read.
func (v *verification) late(ctx context.Context, q db.Querier) error {
	newest := v.newest
	if now := v.l.now(); newest.After(now) { // the clock was wrong once
		newest = now
	}
	var count int64
	var first sql.NullString
	err := q.QueryRowContext(ctx, `select count(*), min(cast(l.id as text)) from audit_outbox o join audit_logs l on l.id = o.log_id
		where l.at < $1 and not exists (select 1 from audit_chain c where c.log_id = l.id)`, db.Time(newest.Add(-lateAfter))).Scan(&count, &first)
	if count > 0 {
		v.find(Late, count, first.String)
	}
	return err
}

// strays are rows of the log that nobody will ever seal.
func (v *verification) strays(ctx context.Context, q db.Querier) error {
	var count int64
	var first sql.NullString
	err := q.QueryRowContext(ctx, `select count(*), min(cast(l.id as text)) from audit_logs l
		where not exists (select 1 from audit_chain c where c.log_id = l.id)
		and not exists (select 1 from audit_outbox o where o.log_id = l.id)`).Scan(&count, &first)
	if count > 0 {
		v.find(Stray, count, first.String)
	}
	return err
}

func (v *verification) report() Report {
	if v.noted != (Head{}) && !v.isNoted {
		v.find(NotNoted, 1, "")
	}
	first := emptied{seq: math.MaxInt64}
	for of, e := range v.erased {
		if v.deleted[of.user] || v.deleted[of.actor] {
			continue
		}
		if first.count += e.count; e.seq <= first.seq {
			first.seq, first.first = e.seq, e.first
		}
	}
	if first.count > 0 {
		v.find(Erased, first.count, first.first)
	}
	r := Report{Rows: v.rows, Waiting: v.waits, Head: v.end}
	for _, t := range troubles {
		if f, ok := v.found[t]; ok {
			r.Findings = append(r.Findings, *f)
		}
	}
	return r
}
