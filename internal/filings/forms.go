package filings

import (
	"maps"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// families are forms that people mean together. They are listed one by one: forms that begin alike need not be alike.
var families = map[string][]string{
	"annual":       {"10-K", "10-K405", "10-KT", "10-KT405", "10-KSB", "10-KSB40", "10KSB", "10KSB40", "20-F", "40-F", "ARS"},
	"quarterly":    {"10-Q", "10-QT", "10-QSB", "10QSB"},
	"current":      {"8-K", "8-K12B", "8-K12G3", "8-K15D5", "6-K"},
	"proxy":        {"DEF 14A", "DEFA14A", "DEFM14A", "DEFR14A", "DEFC14A", "PRE 14A", "PREM14A", "PREC14A", "DEF 14C", "PRE 14C"},
	"insider":      {"3", "4", "5", "144"},
	"ownership":    {"SC 13D", "SC 13G", "SCHEDULE 13D", "SCHEDULE 13G", "13F-HR", "13F-NT"},
	"registration": {"S-1", "S-3", "S-3ASR", "S-4", "S-8", "S-11", "F-1", "F-3", "F-3ASR", "F-4", "10-12B", "10-12G", "20FR12B", "20FR12G", "8-A12B", "8-A12G"},
	"prospectus":   {"424B1", "424B2", "424B3", "424B4", "424B5", "424B7", "424B8", "FWP", "497", "497K"},
	"late":         {"NT 10-K", "NT 10-Q", "NT 20-F"},
}

// Families are the names that stand for several forms.
func Families() []string { return slices.Sorted(maps.Keys(families)) }

// expandForms makes the list of forms that names mean, each a form or a family; with amendments each form's, too. No
// names are all forms, which is an empty list.
func expandForms(names []string, amendments bool) ([]string, error) {
	var all []string
	add := func(form string) {
		for _, one := range []string{form, form + "/A"} {
			if (one == form || amendments && !strings.HasSuffix(form, "/A")) && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	for _, name := range names {
		if forms, ok := families[strings.ToLower(strings.TrimSpace(name))]; ok {
			for _, form := range forms {
				add(form)
			}
			continue
		}
		form := strings.ToUpper(strings.Join(strings.Fields(name), " "))
		if !isForm(form) {
			return nil, fault.InvalidField("query.form", "must be forms such as 10-K, or of "+strings.Join(Families(), ", "))
		}
		add(form)
	}
	return all, nil
}

// isForm tells whether a text can be the name of a form.
func isForm(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/ ") == ""
}
