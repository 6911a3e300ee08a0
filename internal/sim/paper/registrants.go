package paper

import (
	"time"
)

// kind sorts companies by how their statements read.
type kind int

const (
	maker   kind = iota // sells something that cost something
	bank                // lends
	insurer             // insures, and owns the rest
)

// role is the one peculiar thing a company's filings have, as real ones have it.
type role string

const (
	plainOnce  role = "an old filing in plain text, and older shards"
	byExhibit  role = "Items 7 and 8 are in Exhibit 13"
	crossIndex role = "a cross-reference index instead of items"
	amended    role = "a 10-K/A that adds Part III"
	restated   role = "a year that later filings tell otherwise"
	foreign    role = "files 20-F and 6-K under IFRS"
)

// Registrant is a company as EDGAR has it in its books. Numbers, names and places are facts; what it does with its money
// is not.
type Registrant struct {
	CIK                    int
	Symbol                 string // of the world; "" for one that is not traded
	Name                   string // as EDGAR conforms it
	Short                  string // what it calls itself in the middle of a sentence
	Tickers, Exchanges     []string
	SIC, Trade, Office     string
	State, Incorporated    string // codes: CA, DE; 2M is Germany
	Street, City, Zip      string
	FileNumber             string
	FiscalYearEnd          string // MMDD
	Former                 string
	ends                   time.Month
	lastDay                time.Weekday // the year ends on its last one in the month; noDay: at the end of the month
	kind                   kind
	pool                   string // of words
	look                   int    // of headings and pages
	role                   role
	revenue, growth        int64 // millions in firstYear, and thousandths of that a year
	margin                 int64 // gross, in thousandths of revenue
	research, tax          int64 // thousandths of operating expenses, and of income before tax
	seasons                [4]int64
	assets, owed, cash     int64 // millions before firstYear
	spending, wear, buying int64 // capital expenditures and depreciation in thousandths of revenue, buybacks in those of net income
}

// noDay is the lastDay of years that end with a month.
const noDay time.Weekday = -1

// Foreign tells whether the company files the forms of foreign private issuers, in euros.
func (r Registrant) Foreign() bool { return r.role == foreign }

// Sharded tells whether the company's older filings are listed in a file of their own.
func (r Registrant) Sharded() bool { return r.role == plainOnce || r.role == byExhibit }

func (r Registrant) currency() string {
	if r.Foreign() {
		return "EUR"
	}
	return "USD"
}

var even = [4]int64{245, 250, 250, 255}

// registrants are the companies, the largest first.
func registrants() []Registrant {
	list := []Registrant{
		{CIK: 789019, Symbol: "MSFT", Name: "MICROSOFT CORP", Short: "Microsoft", SIC: "7372", Trade: "Services-Prepackaged Software", Office: "06 Technology", State: "WA", Incorporated: "WA",
			Street: "ONE MICROSOFT WAY", City: "REDMOND", Zip: "98052", FileNumber: "001-37845", ends: time.June, lastDay: noDay, pool: "software", look: 3,
			revenue: 200_000, growth: 70, margin: 690, research: 520, tax: 180, seasons: even, assets: 301_000, owed: 183_000, cash: 13_600, spending: 110, wear: 60, buying: 280},
		{CIK: 320193, Symbol: "AAPL", Name: "Apple Inc.", Short: "Apple", SIC: "3571", Trade: "Electronic Computers", Office: "06 Technology", State: "CA", Incorporated: "CA",
			Street: "ONE APPLE PARK WAY", City: "CUPERTINO", Zip: "95014", FileNumber: "001-36743", Former: "APPLE COMPUTER INC", ends: time.September, lastDay: time.Saturday, pool: "devices", look: 0, role: plainOnce,
			revenue: 352_000, growth: 42, margin: 435, research: 530, tax: 160, seasons: [4]int64{312, 238, 212, 238}, assets: 338_000, owed: 248_000, cash: 48_800, spending: 30, wear: 29, buying: 760},
		{CIK: 1045810, Symbol: "NVDA", Name: "NVIDIA CORP", Short: "NVIDIA", SIC: "3674", Trade: "Semiconductors & Related Devices", Office: "04 Manufacturing", State: "CA", Incorporated: "DE",
			Street: "2788 SAN TOMAS EXPRESSWAY", City: "SANTA CLARA", Zip: "95051", FileNumber: "000-23985", Former: "NVIDIA CORP/CA", ends: time.January, lastDay: time.Sunday, pool: "chips", look: 4,
			revenue: 61_000, growth: 45, margin: 700, research: 720, tax: 130, seasons: [4]int64{228, 242, 258, 272}, assets: 52_000, owed: 19_000, cash: 7_200, spending: 30, wear: 25, buying: 350},
		{CIK: 1652044, Symbol: "GOOGL", Name: "Alphabet Inc.", Short: "Alphabet", Tickers: []string{"GOOGL", "GOOG"}, SIC: "7370", Trade: "Services-Computer Programming, Data Processing, Etc.", Office: "06 Technology", State: "CA", Incorporated: "DE",
			Street: "1600 AMPHITHEATRE PARKWAY", City: "MOUNTAIN VIEW", Zip: "94043", FileNumber: "001-37580", ends: time.December, lastDay: noDay, pool: "internet", look: 2,
			revenue: 262_000, growth: 60, margin: 570, research: 560, tax: 160, seasons: [4]int64{236, 245, 250, 269}, assets: 320_000, owed: 98_000, cash: 26_400, spending: 120, wear: 55, buying: 700},
		{CIK: 1018724, Symbol: "AMZN", Name: "AMAZON COM INC", Short: "Amazon", SIC: "5961", Trade: "Retail-Catalog & Mail-Order Houses", Office: "07 Trade & Services", State: "WA", Incorporated: "DE",
			Street: "410 TERRY AVENUE NORTH", City: "SEATTLE", Zip: "98109", FileNumber: "000-22513", ends: time.December, lastDay: noDay, pool: "retail", look: 1,
			revenue: 470_000, growth: 65, margin: 450, research: 420, tax: 170, seasons: [4]int64{228, 238, 246, 288}, assets: 420_000, owed: 290_000, cash: 42_000, spending: 105, wear: 70, buying: 0},
		{CIK: 1326801, Symbol: "META", Name: "Meta Platforms, Inc.", Short: "Meta", SIC: "7370", Trade: "Services-Computer Programming, Data Processing, Etc.", Office: "06 Technology", State: "CA", Incorporated: "DE",
			Street: "1 META WAY", City: "MENLO PARK", Zip: "94025", FileNumber: "001-35551", Former: "Facebook Inc", ends: time.December, lastDay: noDay, pool: "internet", look: 0,
			revenue: 112_000, growth: 55, margin: 805, research: 640, tax: 170, seasons: [4]int64{228, 244, 250, 278}, assets: 159_000, owed: 31_000, cash: 17_600, spending: 190, wear: 75, buying: 450},
		{CIK: 1067983, Symbol: "BRK.B", Name: "BERKSHIRE HATHAWAY INC", Short: "Berkshire", Tickers: []string{"BRK-B", "BRK-A"}, SIC: "6331", Trade: "Fire, Marine & Casualty Insurance", Office: "02 Finance", State: "NE", Incorporated: "DE",
			Street: "3555 FARNAM STREET", City: "OMAHA", Zip: "68131", FileNumber: "001-14905", ends: time.December, lastDay: noDay, kind: insurer, pool: "insurance", look: 5,
			revenue: 300_000, growth: 45, margin: 240, research: 0, tax: 190, seasons: even, assets: 870_000, owed: 430_000, cash: 48_000, spending: 50, wear: 34, buying: 250},
		{CIK: 59478, Symbol: "LLY", Name: "ELI LILLY & Co", Short: "Lilly", SIC: "2834", Trade: "Pharmaceutical Preparations", Office: "03 Life Sciences", State: "IN", Incorporated: "IN",
			Street: "LILLY CORPORATE CENTER", City: "INDIANAPOLIS", Zip: "46285", FileNumber: "001-06351", ends: time.December, lastDay: noDay, pool: "medicines", look: 2,
			revenue: 32_000, growth: 60, margin: 780, research: 540, tax: 130, seasons: [4]int64{236, 246, 250, 268}, assets: 46_000, owed: 40_000, cash: 3_700, spending: 70, wear: 45, buying: 60},
		{CIK: 1403161, Symbol: "V", Name: "VISA INC.", Short: "Visa", SIC: "7389", Trade: "Services-Business Services, NEC", Office: "07 Trade & Services", State: "CA", Incorporated: "DE",
			Street: "P.O. BOX 8999", City: "SAN FRANCISCO", Zip: "94128", FileNumber: "001-33977", ends: time.September, lastDay: noDay, pool: "payments", look: 1,
			revenue: 29_000, growth: 60, margin: 800, research: 0, tax: 190, seasons: even, assets: 81_000, owed: 45_000, cash: 16_300, spending: 30, wear: 28, buying: 620},
		{CIK: 19617, Symbol: "JPM", Name: "JPMORGAN CHASE & CO", Short: "JPMorgan Chase", SIC: "6021", Trade: "National Commercial Banks", Office: "02 Finance", State: "NY", Incorporated: "DE",
			Street: "270 PARK AVENUE", City: "NEW YORK", Zip: "10017", FileNumber: "001-05805", Former: "J P MORGAN CHASE & CO", ends: time.December, lastDay: noDay, kind: bank, pool: "bank", look: 3, role: byExhibit,
			revenue: 138_000, growth: 45, margin: 955, research: 0, tax: 200, seasons: even, assets: 3_380_000, owed: 3_100_000, cash: 527_000, spending: 20, wear: 19, buying: 350},
		{CIK: 1318605, Symbol: "TSLA", Name: "Tesla, Inc.", Short: "Tesla", SIC: "3711", Trade: "Motor Vehicles & Passenger Car Bodies", Office: "04 Manufacturing", State: "TX", Incorporated: "TX",
			Street: "1 TESLA ROAD", City: "AUSTIN", Zip: "78725", FileNumber: "001-34756", Former: "TESLA MOTORS INC", ends: time.December, lastDay: noDay, pool: "cars", look: 4, role: amended,
			revenue: 78_000, growth: 50, margin: 215, research: 450, tax: 120, seasons: [4]int64{232, 246, 252, 270}, assets: 62_000, owed: 30_000, cash: 17_500, spending: 90, wear: 50, buying: 0},
		{CIK: 34088, Symbol: "XOM", Name: "EXXON MOBIL CORP", Short: "ExxonMobil", SIC: "2911", Trade: "Petroleum Refining", Office: "01 Energy & Transportation", State: "TX", Incorporated: "NJ",
			Street: "22777 SPRINGWOODS VILLAGE PARKWAY", City: "SPRING", Zip: "77389", FileNumber: "001-02256", Former: "EXXON CORP", ends: time.December, lastDay: noDay, pool: "oil", look: 6,
			revenue: 335_000, growth: 35, margin: 290, research: 25, tax: 280, seasons: even, assets: 362_000, owed: 163_000, cash: 6_800, spending: 65, wear: 60, buying: 450},
		{CIK: 104169, Symbol: "WMT", Name: "Walmart Inc.", Short: "Walmart", SIC: "5331", Trade: "Retail-Variety Stores", Office: "07 Trade & Services", State: "AR", Incorporated: "DE",
			Street: "1 CUSTOMER DRIVE", City: "BENTONVILLE", Zip: "72716", FileNumber: "001-06991", Former: "WAL MART STORES INC", ends: time.January, lastDay: noDay, pool: "retail", look: 2,
			revenue: 580_000, growth: 40, margin: 248, research: 0, tax: 240, seasons: [4]int64{238, 247, 248, 267}, assets: 236_000, owed: 155_000, cash: 9_500, spending: 30, wear: 19, buying: 230},
		{CIK: 200406, Symbol: "JNJ", Name: "JOHNSON & JOHNSON", Short: "Johnson & Johnson", SIC: "2834", Trade: "Pharmaceutical Preparations", Office: "03 Life Sciences", State: "NJ", Incorporated: "NJ",
			Street: "ONE JOHNSON & JOHNSON PLZ", City: "NEW BRUNSWICK", Zip: "08933", FileNumber: "001-03215", ends: time.December, lastDay: noDay, pool: "medicines", look: 5, role: crossIndex,
			revenue: 88_000, growth: 40, margin: 690, research: 400, tax: 150, seasons: even, assets: 158_000, owed: 98_000, cash: 17_300, spending: 40, wear: 38, buying: 200},
		{CIK: 2488, Symbol: "AMD", Name: "ADVANCED MICRO DEVICES INC", Short: "AMD", SIC: "3674", Trade: "Semiconductors & Related Devices", Office: "04 Manufacturing", State: "CA", Incorporated: "DE",
			Street: "2485 AUGUSTINE DRIVE", City: "SANTA CLARA", Zip: "95054", FileNumber: "001-07882", ends: time.December, lastDay: time.Saturday, pool: "chips", look: 1,
			revenue: 21_500, growth: 50, margin: 500, research: 680, tax: 120, seasons: [4]int64{230, 240, 256, 274}, assets: 58_000, owed: 9_000, cash: 3_600, spending: 25, wear: 23, buying: 300},
		{CIK: 21344, Symbol: "KO", Name: "COCA COLA CO", Short: "Coca-Cola", SIC: "2086", Trade: "Bottled & Canned Soft Drinks & Carbonated Waters", Office: "04 Manufacturing", State: "GA", Incorporated: "DE",
			Street: "ONE COCA COLA PLAZA", City: "ATLANTA", Zip: "30313", FileNumber: "001-02217", ends: time.December, lastDay: noDay, pool: "drinks", look: 5,
			revenue: 41_000, growth: 38, margin: 598, research: 0, tax: 190, seasons: [4]int64{240, 262, 258, 240}, assets: 87_000, owed: 66_000, cash: 6_500, spending: 35, wear: 30, buying: 120},
		{CIK: 12927, Symbol: "BA", Name: "BOEING CO", Short: "Boeing", SIC: "3721", Trade: "Aircraft", Office: "04 Manufacturing", State: "VA", Incorporated: "DE",
			Street: "929 LONG BRIDGE DRIVE", City: "ARLINGTON", Zip: "22202", FileNumber: "001-00442", ends: time.December, lastDay: noDay, pool: "aircraft", look: 3, role: restated,
			revenue: 66_000, growth: 40, margin: 72, research: 330, tax: 90, seasons: [4]int64{238, 248, 242, 272}, assets: 134_000, owed: 142_000, cash: 9_500, spending: 22, wear: 21, buying: 0},
		{CIK: 320187, Symbol: "NKE", Name: "NIKE, Inc.", Short: "NIKE", SIC: "3021", Trade: "Rubber & Plastics Footwear", Office: "04 Manufacturing", State: "OR", Incorporated: "OR",
			Street: "ONE BOWERMAN DR", City: "BEAVERTON", Zip: "97005", FileNumber: "001-10635", ends: time.May, lastDay: noDay, pool: "shoes", look: 2,
			revenue: 45_000, growth: 32, margin: 445, research: 0, tax: 180, seasons: [4]int64{256, 254, 240, 250}, assets: 38_000, owed: 25_000, cash: 9_900, spending: 18, wear: 17, buying: 400},
		{CIK: 1000184, Symbol: "SAP.DE", Name: "SAP SE", Short: "SAP", Tickers: []string{"SAP"}, Exchanges: []string{"NYSE"}, SIC: "7372", Trade: "Services-Prepackaged Software", Office: "06 Technology", State: "2M", Incorporated: "2M",
			Street: "DIETMAR-HOPP-ALLEE 16", City: "WALLDORF", Zip: "69190", FileNumber: "001-14251", Former: "SAP AG", ends: time.December, lastDay: noDay, pool: "software", look: 1, role: foreign,
			revenue: 30_000, growth: 55, margin: 725, research: 430, tax: 270, seasons: [4]int64{238, 246, 248, 268}, assets: 62_000, owed: 24_000, cash: 8_900, spending: 28, wear: 26, buying: 200},
		// Nobody trades this one, and it has never filed anything.
		{CIK: 350001, Name: "QUIET HARBOR RECEIVABLES TRUST", Short: "the Trust", Tickers: []string{}, Exchanges: []string{}, SIC: "6189", Trade: "Asset-Backed Securities", Office: "09 Structured Finance",
			State: "DE", Incorporated: "DE", Street: "12 LANTERN ROW", City: "WILMINGTON", Zip: "19801", ends: time.December, lastDay: noDay},
	}
	for i := range list {
		list[i].fill()
	}
	return list
}

// fill puts in what most have alike.
func (r *Registrant) fill() {
	if r.Tickers == nil {
		r.Tickers = []string{r.Symbol}
	}
	if r.Exchanges == nil {
		at := "NYSE"
		switch r.Symbol {
		case "AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "META", "TSLA", "AMD":
			at = "Nasdaq"
		}
		for range r.Tickers {
			r.Exchanges = append(r.Exchanges, at)
		}
	}
	end := r.endOf(2026)
	r.FiscalYearEnd = end.String()[5:7] + end.String()[8:]
}
