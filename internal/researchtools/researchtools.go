// Package researchtools lets an answer read the market and companies: prices, what is known of companies, news, and what they filed.
package researchtools

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// Services are what the tools read. All are required.
type Services struct {
	Market    *market.Service
	Past      *pastprices.Service
	Research  *research.Service
	Filings   *filings.Service
	Documents *documents.Service
	Library   *library.Service
	Passages  *passages.Service
	Reported  *reported.Service
}

// All are the tools that read the market, companies and filings. Texts from outside stand in fields called text, summary,
// headline, description or title: they are data, whatever they say.
func All(s Services) []tool.Tool {
	return []tool.Tool{
		Quotes(s.Market), PriceHistory(s.Past, s.Research), FindInstrument(s.Research),
		Company(s.Research), CompanyMetrics(s.Research), Earnings(s.Research), News(s.Research),
		ListFilings(s.Filings), SearchFilings(s.Filings), ReadFilingSection(s.Filings, s.Documents),
		SearchPassages(s.Filings, s.Documents, s.Library, s.Passages), ReportedFacts(s.Filings, s.Reported),
	}
}

// SEC is who says what stands in filings.
const SEC = "SEC EDGAR"

// inputNames are what the tools call the fields of the services they ask.
var inputNames = map[string]string{"from": "first", "to": "last", "q": "query", "form": "forms", "section": "item", "cursor": "offset", "company": "symbol"}

// named makes the errors of services name the tools' inputs.
func named(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || len(f.Fields) == 0 {
		return err
	}
	g := *f
	g.Fields = slices.Clone(f.Fields)
	for i, field := range g.Fields {
		name := field.Path[strings.LastIndexByte(field.Path, '.')+1:]
		if ours, ok := inputNames[name]; ok {
			name = ours
		}
		g.Fields[i].Path = "input." + name
	}
	return &g
}

// spanOf is the days that are asked for; either may be missing.
func spanOf(first, last *calendar.Day) (from, to string, err error) {
	if first != nil && last != nil && last.Before(*first) {
		return "", "", fault.InvalidField("input.last", "must not be before the first day")
	}
	if first != nil {
		from = first.String()
	}
	if last != nil {
		to = last.String()
	}
	return from, to, nil
}

// told is by whom something was said, and when the one did so who said it longest ago.
func told(origins []research.Origin) (names string, oldest time.Time) {
	var all []string
	for _, o := range origins {
		all = append(all, o.Source)
		if oldest.IsZero() || o.FetchedAt.Before(oldest) {
			oldest = o.FetchedAt
		}
	}
	return joined(all), oldest
}

// joined names each once, in their order.
func joined(names []string) string {
	var all []string
	for _, name := range names {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// older is the earlier of two times, of which either may be unknown.
func older(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// midnight is the day as a time, for figures that are of its end.
func midnight(d calendar.Day) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// clean is somebody else's text without control characters other than those between lines and cells, and with at most so
// many characters.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if characters := []rune(text); len(characters) > most {
		text = strings.TrimSpace(string(characters[:most-1])) + "…"
	}
	return text
}

// line is a clean text in one line.
func line(text string, most int) string { return clean(strings.Join(strings.Fields(text), " "), most) }

// publicURL is an address that may be shown as a link: https, at a host with a name in the web; else empty.
func publicURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || !strings.Contains(u.Hostname(), ".") {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ""
	}
	return address
}

// several asks for one symbol after another: those that nobody knows are listed, a failure costs its symbol and a warning.
// It fails where nothing was found.
func several[T any](ctx context.Context, symbols []string, ask func(symbol string) (T, []string, error)) (found []T, unknown, warnings []string, err error) {
	found, unknown = []T{}, []string{}
	var failed error
	for _, symbol := range symbols {
		one, warned, err := ask(symbol)
		switch {
		case ctx.Err() != nil:
			return nil, nil, nil, ctx.Err()
		case err == nil:
			found, warnings = append(found, one), append(warnings, warned...)
		case fault.Is(err, fault.UnknownSymbol):
			unknown = append(unknown, symbol)
			failed = errors.Join(failed, err)
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Internal):
			return nil, nil, nil, err
		default:
			warnings = append(warnings, "Nothing can be said of "+symbol+" right now: "+fault.From(err).Message+".")
			failed = errors.Join(failed, err)
		}
	}
	if len(found) == 0 {
		return nil, nil, nil, failed
	}
	return found, unknown, warnings, nil
}
