package sim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// edgarFact is a figure as EDGAR has it: fy and fp are those of the filing, not of the period.
type edgarFact struct {
	Start string      `json:"start,omitempty"`
	End   string      `json:"end"`
	Value json.Number `json:"val"`
	Accn  string      `json:"accn"`
	FY    int         `json:"fy"`
	FP    string      `json:"fp"`
	Form  string      `json:"form"`
	Filed string      `json:"filed"`
	Frame string      `json:"frame,omitempty"`
}

// edgarTag is all there is of a tag.
type edgarTag struct {
	Label       string                 `json:"label"`
	Description *string                `json:"description"`
	Units       map[string][]edgarFact `json:"units"`
}

// tagsOf are a company's figures by taxonomy and tag.
func (s *Sim) tagsOf(c *paper.Company) map[string]map[string]*edgarTag {
	labels := c.Labels()
	tags := map[string]map[string]*edgarTag{}
	for _, f := range c.Facts(s.World.Now()) {
		if tags[f.Taxonomy] == nil {
			tags[f.Taxonomy] = map[string]*edgarTag{}
		}
		tag := tags[f.Taxonomy][f.Tag]
		if tag == nil {
			tag = &edgarTag{Label: labels[f.Tag], Units: map[string][]edgarFact{}}
			if f.Taxonomy != "ifrs-full" { // it describes few of its own
				text := "Amount of " + strings.ToLower(tag.Label) + " in the make-believe world."
				tag.Description = &text
			}
			tags[f.Taxonomy][f.Tag] = tag
		}
		one := edgarFact{
			End: f.End.String(), Value: json.Number(f.Value.String()), Accn: f.Filing.Accession, FY: f.Filing.FiscalYear,
			FP: f.Filing.FiscalPeriod, Form: f.Filing.Form, Filed: f.Filing.Filed.String(), Frame: f.Frame,
		}
		if f.Start.Year != 0 {
			one.Start = f.Start.String()
		}
		tag.Units[f.Unit] = append(tag.Units[f.Unit], one)
	}
	return tags
}

func (s *Sim) edgarFacts(w http.ResponseWriter, r *http.Request) {
	name, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	cik, ok := cikIn(name)
	c, known := s.World.Filings().Company(cik)
	if !isJSON || !ok || !known {
		s.noSuchKey(w, r)
		return
	}
	tags := s.tagsOf(c)
	if len(tags) == 0 {
		s.noSuchKey(w, r)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"cik": c.CIK, "entityName": c.Name, "facts": tags})
}

func (s *Sim) edgarConcept(w http.ResponseWriter, r *http.Request) {
	name, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	cik, ok := cikIn(r.PathValue("cik"))
	c, known := s.World.Filings().Company(cik)
	if !isJSON || !ok || !known {
		s.noSuchKey(w, r)
		return
	}
	tag := s.tagsOf(c)[r.PathValue("taxonomy")][name]
	if tag == nil {
		s.noSuchKey(w, r)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"cik": c.CIK, "taxonomy": r.PathValue("taxonomy"), "tag": name, "label": tag.Label, "description": tag.Description,
		"entityName": c.Name, "units": tag.Units,
	})
}

// jsonText is a value as JSON.
func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("sim: what was made for the wire is no JSON: " + err.Error())
	}
	return string(text)
}
