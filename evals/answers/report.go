package answers

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// row is what came of the questions of one kind.
type row struct {
	kind                               string
	answers, expected, found           int
	verified, derived, unverified      int
	mutated, trusted, refused, invalid int
}

func (r *row) add(v verdict) {
	r.answers++
	if v.Wrong != "" {
		r.mutated++
	} else {
		r.expected, r.found = r.expected+v.Expected, r.found+v.Found
		r.verified, r.derived, r.unverified = r.verified+v.Verified, r.derived+v.Derived, r.unverified+v.Unproved
	}
	r.trusted, r.invalid = r.trusted+v.Trusted, r.invalid+v.Invalid
	if v.Refused {
		r.refused++
	}
}

// summed is what came of a model's answers.
type summed struct {
	model    string
	rows     []row
	total    row
	verdicts []verdict
}

func sum(model string, verdicts []verdict) summed {
	s := summed{model: model, total: row{kind: "all"}, verdicts: verdicts}
	for _, v := range verdicts {
		kind := v.Kind
		if v.Wrong != "" {
			kind = v.Wrong
		}
		i := slices.IndexFunc(s.rows, func(r row) bool { return r.kind == kind })
		if i < 0 {
			i, s.rows = len(s.rows), append(s.rows, row{kind: kind})
		}
		s.rows[i].add(v)
		s.total.add(v)
	}
	return s
}

// unprovedShare is how many honest figures of a hundred may be shown as not borne out.
const unprovedShare = 1

func (s summed) passes() bool {
	figures := s.total.verified + s.total.derived + s.total.unverified
	return s.total.trusted == 0 && s.total.invalid == 0 && s.total.refused == 0 && s.total.unverified*100 <= unprovedShare*figures
}

func (s summed) print(out io.Writer, took time.Duration) {
	_, _ = fmt.Fprintf(out, "\n%s: %d answers in %.1f s\n\n", s.model, s.total.answers, took.Seconds())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "kind\tanswers\texpected\tfound\tverified\tderived\tunverified\twrong as verified\trefusals\tinvalid citations\t")
	for _, r := range append(slices.Clone(s.rows), s.total) {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", r.kind, r.answers, r.expected, r.found, r.verified, r.derived, r.unverified, r.trusted, r.refused, r.invalid)
	}
	_ = table.Flush()
	for _, v := range s.verdicts {
		for _, m := range v.Misses {
			_, _ = fmt.Fprintf(out, "  %s %s: %s\n", v.ID, v.Wrong, m)
		}
	}
}
