// Package facts reads the figures that companies tag in their filings, and says what each period's figure is as last filed.
package facts

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Company is everything one company tagged, as the SEC's companyfacts have it. It is not changed once it is read.
type Company struct {
	CIK      string // ten digits
	Name     string
	concepts map[string]*concept // by "taxonomy:Tag"
	year     fiscalYear
}

// concept is one tag with its reports by unit, each unit's the oldest filing first.
type concept struct {
	name, label string // name is "taxonomy:Tag"
	units       map[string][]Report
}

// Report is one figure as one filing has it.
type Report struct {
	Value     decimal.Decimal
	Start     calendar.Day // zero where the figure is of a moment
	End       calendar.Day
	Accession string
	Form      string
	FiledOn   calendar.Day
	// FiscalYear is the filing's own, not the figure's, which may be of a year before; 0 where the SEC does not say.
	FiscalYear int
}

// wireCompany is companyfacts as the SEC has it: its concepts by taxonomy and tag.
type wireCompany struct {
	CIK   json.RawMessage                   `json:"cik"` // a number, or a text in older copies
	Name  string                            `json:"entityName"`
	Facts map[string]map[string]wireConcept `json:"facts"`
}

// Read reads companyfacts JSON. What is not in its form is an UpstreamFailed; single reports that cannot be read are left
// out, since one broken figure must not cost a company's all.
func Read(raw []byte) (*Company, error) {
	c := new(Company)
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fault.Wrap(fault.UpstreamFailed, err, "the SEC's figures cannot be read; try again later")
	}
	if c.concepts == nil {
		return nil, fault.New(fault.UpstreamFailed, "the SEC's answer holds no figures; try again later")
	}
	return c, nil
}

// UnmarshalJSON reads companyfacts; without any facts the company has no concepts.
func (c *Company) UnmarshalJSON(raw []byte) error {
	var wire wireCompany
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	*c = Company{CIK: paddedCIK(wire.CIK), Name: wire.Name}
	if wire.Facts == nil {
		return nil
	}
	c.concepts = map[string]*concept{}
	var votes []vote
	for taxonomy, tags := range wire.Facts {
		for tag, read := range tags {
			one := read.concept(taxonomy + ":" + tag)
			c.concepts[one.name] = one
			votes = append(votes, one.votes()...)
		}
	}
	c.year = fiscalYearOf(votes)
	return nil
}

// MarshalJSON writes companyfacts, less what is not kept of it.
func (c *Company) MarshalJSON() ([]byte, error) {
	cik, err := json.Marshal(c.CIK)
	if err != nil {
		return nil, err
	}
	wire := wireCompany{CIK: cik, Name: c.Name, Facts: map[string]map[string]wireConcept{}}
	for name, one := range c.concepts {
		taxonomy, tag, _ := strings.Cut(name, ":")
		if wire.Facts[taxonomy] == nil {
			wire.Facts[taxonomy] = map[string]wireConcept{}
		}
		wire.Facts[taxonomy][tag] = one.wire()
	}
	return json.Marshal(wire)
}

// wireConcept and wireFact are the SEC's form.
type wireConcept struct {
	Label string                `json:"label"`
	Units map[string][]wireFact `json:"units"`
}

type wireFact struct {
	Start string      `json:"start,omitempty"`
	End   string      `json:"end"`
	Value json.Number `json:"val"`
	Accn  string      `json:"accn"`
	FY    int         `json:"fy"` // 0 for null
	Form  string      `json:"form"`
	Filed string      `json:"filed"`
}

func (one *concept) wire() wireConcept {
	w := wireConcept{Label: one.label, Units: map[string][]wireFact{}}
	for unit, reports := range one.units {
		for _, r := range reports {
			f := wireFact{
				End: r.End.String(), Value: json.Number(r.Value.String()), Accn: r.Accession, FY: r.FiscalYear, Form: r.Form, Filed: r.FiledOn.String(),
			}
			if r.Start != (calendar.Day{}) {
				f.Start = r.Start.String()
			}
			w.Units[unit] = append(w.Units[unit], f)
		}
	}
	return w
}

func (w wireConcept) concept(name string) *concept {
	c := &concept{name: name, label: w.Label, units: map[string][]Report{}}
	for unit, all := range w.Units {
		reports := make([]Report, 0, len(all))
		for _, one := range all {
			if r, ok := one.report(); ok {
				reports = append(reports, r)
			}
		}
		slices.SortStableFunc(reports, func(a, b Report) int {
			return cmp.Or(a.FiledOn.Compare(b.FiledOn), strings.Compare(a.Accession, b.Accession))
		})
		if len(reports) > 0 {
			c.units[unit] = reports
		}
	}
	return c
}

// maxDigits bounds a figure: beyond it somebody plays with exponents.
const maxDigits = 40

func (f wireFact) report() (Report, bool) {
	r := Report{Accession: f.Accn, Form: f.Form, FiscalYear: f.FY}
	var err error
	if len(f.Value) > maxDigits || strings.ContainsAny(string(f.Value), "eE") && !plain(f.Value) {
		return r, false
	}
	if r.Value, err = decimal.NewFromString(string(f.Value)); err != nil {
		return r, false
	}
	if r.End, err = calendar.ParseDay(f.End); err != nil {
		return r, false
	}
	if r.FiledOn, err = calendar.ParseDay(f.Filed); err != nil {
		return r, false
	}
	if f.Start != "" {
		if r.Start, err = calendar.ParseDay(f.Start); err != nil || r.End.Before(r.Start) {
			return r, false
		}
	}
	return r, true
}

// plain tells whether a number with an exponent stays small when it is written out.
func plain(n json.Number) bool {
	f, err := n.Float64()
	return err == nil && f < 1e30 && f > -1e30 && (f == 0 || f > 1e-12 || f < -1e-12)
}

func paddedCIK(raw json.RawMessage) string {
	digits := strings.TrimLeft(string(bytes.Trim(raw, `"`)), "0")
	if len(digits) > 10 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return strings.Repeat("0", 10-len(digits)) + digits
}

// Concept is one tag a company used.
type Concept struct {
	Name  string // "us-gaap:NetIncomeLoss"
	Label string
	Units []string
	Last  calendar.Day // the end of the latest period it was used for
}

// Concepts lists what the company tagged, in the order of names.
func (c *Company) Concepts() []Concept {
	var all []Concept
	for _, name := range slices.Sorted(maps.Keys(c.concepts)) {
		one := Concept{Name: name, Label: c.concepts[name].label, Units: slices.Sorted(maps.Keys(c.concepts[name].units))}
		for _, reports := range c.concepts[name].units {
			for _, r := range reports {
				if one.Last.Before(r.End) {
					one.Last = r.End
				}
			}
		}
		if len(one.Units) > 0 {
			all = append(all, one)
		}
	}
	return all
}
