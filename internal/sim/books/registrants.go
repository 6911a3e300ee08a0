package books

import (
	"time"
)

// Kind sorts companies by how their statements read.
type Kind int

// The kinds of companies.
const (
	Maker   Kind = iota // sells something that cost something
	Bank                // lends
	Insurer             // insures, and owns the rest
)

// Role is the one peculiar thing a company's filings have, as real ones have it.
type Role string

// The peculiarities.
const (
	PlainOnce  Role = "an old filing in plain text, and older shards"
	ByExhibit  Role = "Items 7 and 8 are in Exhibit 13"
	CrossIndex Role = "a cross-reference index instead of items"
	Amended    Role = "a 10-K/A that adds Part III"
	Restated   Role = "a year that later filings tell otherwise"
	Foreign    Role = "files 20-F and 6-K under IFRS"
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
	Ends                   time.Month
	LastDay                time.Weekday // the year ends on its last one in the month; noDay: at the end of the month
	Kind                   Kind
	Pool                   string // of words
	Look                   int    // of headings and pages
	Role                   Role
	Revenue, Growth        int64 // millions in FirstYear, and thousandths of that a year
	Margin                 int64 // gross, in thousandths of revenue
	Research, Tax          int64 // thousandths of operating expenses, and of income before tax
	Seasons                [4]int64
	Assets, Owed, Cash     int64 // millions before FirstYear
	Spending, Wear, Buying int64 // capital expenditures and depreciation in thousandths of revenue, buybacks in those of net income
}

// noDay is the LastDay of years that end with a month.
const noDay time.Weekday = -1

// Foreign tells whether the company files the forms of foreign private issuers, in euros.
func (r Registrant) Foreign() bool { return r.Role == Foreign }

// Sharded tells whether the company's older filings are listed in a file of their own.
func (r Registrant) Sharded() bool { return r.Role == PlainOnce || r.Role == ByExhibit }

// Currency is that of its accounts.
func (r Registrant) Currency() string {
	if r.Foreign() {
		return "EUR"
	}
	return "USD"
}

var even = [4]int64{245, 250, 250, 255}

// Registrants are the companies, the largest first.
func Registrants() []Registrant {
	list := []Registrant{
		{CIK: 789019, Symbol: "MSFT", Name: "MICROSOFT CORP", Short: "Microsoft", SIC: "7372", Trade: "Services-Prepackaged Software", Office: "06 Technology", State: "WA", Incorporated: "WA",
			Street: "ONE MICROSOFT WAY", City: "REDMOND", Zip: "98052", FileNumber: "001-37845", Ends: time.June, LastDay: noDay, Pool: "software", Look: 3,
			Revenue: 200_000, Growth: 70, Margin: 690, Research: 520, Tax: 180, Seasons: even, Assets: 301_000, Owed: 183_000, Cash: 13_600, Spending: 110, Wear: 60, Buying: 280},
		{CIK: 320193, Symbol: "AAPL", Name: "Apple Inc.", Short: "Apple", SIC: "3571", Trade: "Electronic Computers", Office: "06 Technology", State: "CA", Incorporated: "CA",
			Street: "ONE APPLE PARK WAY", City: "CUPERTINO", Zip: "95014", FileNumber: "001-36743", Former: "APPLE COMPUTER INC", Ends: time.September, LastDay: time.Saturday, Pool: "devices", Look: 0, Role: PlainOnce,
			Revenue: 352_000, Growth: 42, Margin: 435, Research: 530, Tax: 160, Seasons: [4]int64{312, 238, 212, 238}, Assets: 338_000, Owed: 248_000, Cash: 48_800, Spending: 30, Wear: 29, Buying: 760},
		{CIK: 1045810, Symbol: "NVDA", Name: "NVIDIA CORP", Short: "NVIDIA", SIC: "3674", Trade: "Semiconductors & Related Devices", Office: "04 Manufacturing", State: "CA", Incorporated: "DE",
			Street: "2788 SAN TOMAS EXPRESSWAY", City: "SANTA CLARA", Zip: "95051", FileNumber: "000-23985", Former: "NVIDIA CORP/CA", Ends: time.January, LastDay: time.Sunday, Pool: "chips", Look: 4,
			Revenue: 61_000, Growth: 45, Margin: 700, Research: 720, Tax: 130, Seasons: [4]int64{228, 242, 258, 272}, Assets: 52_000, Owed: 19_000, Cash: 7_200, Spending: 30, Wear: 25, Buying: 350},
		{CIK: 1652044, Symbol: "GOOGL", Name: "Alphabet Inc.", Short: "Alphabet", Tickers: []string{"GOOGL", "GOOG"}, SIC: "7370", Trade: "Services-Computer Programming, Data Processing, Etc.", Office: "06 Technology", State: "CA", Incorporated: "DE",
			Street: "1600 AMPHITHEATRE PARKWAY", City: "MOUNTAIN VIEW", Zip: "94043", FileNumber: "001-37580", Ends: time.December, LastDay: noDay, Pool: "internet", Look: 2,
			Revenue: 262_000, Growth: 60, Margin: 570, Research: 560, Tax: 160, Seasons: [4]int64{236, 245, 250, 269}, Assets: 320_000, Owed: 98_000, Cash: 26_400, Spending: 120, Wear: 55, Buying: 700},
		{CIK: 1018724, Symbol: "AMZN", Name: "AMAZON COM INC", Short: "Amazon", SIC: "5961", Trade: "Retail-Catalog & Mail-Order Houses", Office: "07 Trade & Services", State: "WA", Incorporated: "DE",
			Street: "410 TERRY AVENUE NORTH", City: "SEATTLE", Zip: "98109", FileNumber: "000-22513", Ends: time.December, LastDay: noDay, Pool: "retail", Look: 1,
			Revenue: 470_000, Growth: 65, Margin: 450, Research: 420, Tax: 170, Seasons: [4]int64{228, 238, 246, 288}, Assets: 420_000, Owed: 290_000, Cash: 42_000, Spending: 105, Wear: 70, Buying: 0},
		{CIK: 1326801, Symbol: "META", Name: "Meta Platforms, Inc.", Short: "Meta", SIC: "7370", Trade: "Services-Computer Programming, Data Processing, Etc.", Office: "06 Technology", State: "CA", Incorporated: "DE",
			Street: "1 META WAY", City: "MENLO PARK", Zip: "94025", FileNumber: "001-35551", Former: "Facebook Inc", Ends: time.December, LastDay: noDay, Pool: "internet", Look: 0,
			Revenue: 112_000, Growth: 55, Margin: 805, Research: 640, Tax: 170, Seasons: [4]int64{228, 244, 250, 278}, Assets: 159_000, Owed: 31_000, Cash: 17_600, Spending: 190, Wear: 75, Buying: 450},
		{CIK: 1067983, Symbol: "BRK.B", Name: "BERKSHIRE HATHAWAY INC", Short: "Berkshire", Tickers: []string{"BRK-B", "BRK-A"}, SIC: "6331", Trade: "Fire, Marine & Casualty Insurance", Office: "02 Finance", State: "NE", Incorporated: "DE",
			Street: "3555 FARNAM STREET", City: "OMAHA", Zip: "68131", FileNumber: "001-14905", Ends: time.December, LastDay: noDay, Kind: Insurer, Pool: "insurance", Look: 5,
			Revenue: 300_000, Growth: 45, Margin: 240, Research: 0, Tax: 190, Seasons: even, Assets: 870_000, Owed: 430_000, Cash: 48_000, Spending: 50, Wear: 34, Buying: 250},
		{CIK: 59478, Symbol: "LLY", Name: "ELI LILLY & Co", Short: "Lilly", SIC: "2834", Trade: "Pharmaceutical Preparations", Office: "03 Life Sciences", State: "IN", Incorporated: "IN",
			Street: "LILLY CORPORATE CENTER", City: "INDIANAPOLIS", Zip: "46285", FileNumber: "001-06351", Ends: time.December, LastDay: noDay, Pool: "medicines", Look: 2,
			Revenue: 32_000, Growth: 60, Margin: 780, Research: 540, Tax: 130, Seasons: [4]int64{236, 246, 250, 268}, Assets: 46_000, Owed: 40_000, Cash: 3_700, Spending: 70, Wear: 45, Buying: 60},
		{CIK: 1403161, Symbol: "V", Name: "VISA INC.", Short: "Visa", SIC: "7389", Trade: "Services-Business Services, NEC", Office: "07 Trade & Services", State: "CA", Incorporated: "DE",
			Street: "P.O. BOX 8999", City: "SAN FRANCISCO", Zip: "94128", FileNumber: "001-33977", Ends: time.September, LastDay: noDay, Pool: "payments", Look: 1,
			Revenue: 29_000, Growth: 60, Margin: 800, Research: 0, Tax: 190, Seasons: even, Assets: 81_000, Owed: 45_000, Cash: 16_300, Spending: 30, Wear: 28, Buying: 620},
		{CIK: 19617, Symbol: "JPM", Name: "JPMORGAN CHASE & CO", Short: "JPMorgan Chase", SIC: "6021", Trade: "National Commercial Banks", Office: "02 Finance", State: "NY", Incorporated: "DE",
			Street: "270 PARK AVENUE", City: "NEW YORK", Zip: "10017", FileNumber: "001-05805", Former: "J P MORGAN CHASE & CO", Ends: time.December, LastDay: noDay, Kind: Bank, Pool: "bank", Look: 3, Role: ByExhibit,
			Revenue: 138_000, Growth: 45, Margin: 955, Research: 0, Tax: 200, Seasons: even, Assets: 3_380_000, Owed: 3_100_000, Cash: 527_000, Spending: 20, Wear: 19, Buying: 350},
		{CIK: 1318605, Symbol: "TSLA", Name: "Tesla, Inc.", Short: "Tesla", SIC: "3711", Trade: "Motor Vehicles & Passenger Car Bodies", Office: "04 Manufacturing", State: "TX", Incorporated: "TX",
			Street: "1 TESLA ROAD", City: "AUSTIN", Zip: "78725", FileNumber: "001-34756", Former: "TESLA MOTORS INC", Ends: time.December, LastDay: noDay, Pool: "cars", Look: 4, Role: Amended,
			Revenue: 78_000, Growth: 50, Margin: 215, Research: 450, Tax: 120, Seasons: [4]int64{232, 246, 252, 270}, Assets: 62_000, Owed: 30_000, Cash: 17_500, Spending: 90, Wear: 50, Buying: 0},
		{CIK: 34088, Symbol: "XOM", Name: "EXXON MOBIL CORP", Short: "ExxonMobil", SIC: "2911", Trade: "Petroleum Refining", Office: "01 Energy & Transportation", State: "TX", Incorporated: "NJ",
			Street: "22777 SPRINGWOODS VILLAGE PARKWAY", City: "SPRING", Zip: "77389", FileNumber: "001-02256", Former: "EXXON CORP", Ends: time.December, LastDay: noDay, Pool: "oil", Look: 6,
			Revenue: 335_000, Growth: 35, Margin: 290, Research: 25, Tax: 280, Seasons: even, Assets: 362_000, Owed: 163_000, Cash: 6_800, Spending: 65, Wear: 60, Buying: 450},
		{CIK: 104169, Symbol: "WMT", Name: "Walmart Inc.", Short: "Walmart", SIC: "5331", Trade: "Retail-Variety Stores", Office: "07 Trade & Services", State: "AR", Incorporated: "DE",
			Street: "1 CUSTOMER DRIVE", City: "BENTONVILLE", Zip: "72716", FileNumber: "001-06991", Former: "WAL MART STORES INC", Ends: time.January, LastDay: noDay, Pool: "retail", Look: 2,
			Revenue: 580_000, Growth: 40, Margin: 248, Research: 0, Tax: 240, Seasons: [4]int64{238, 247, 248, 267}, Assets: 236_000, Owed: 155_000, Cash: 9_500, Spending: 30, Wear: 19, Buying: 230},
		{CIK: 200406, Symbol: "JNJ", Name: "JOHNSON & JOHNSON", Short: "Johnson & Johnson", SIC: "2834", Trade: "Pharmaceutical Preparations", Office: "03 Life Sciences", State: "NJ", Incorporated: "NJ",
			Street: "ONE JOHNSON & JOHNSON PLZ", City: "NEW BRUNSWICK", Zip: "08933", FileNumber: "001-03215", Ends: time.December, LastDay: noDay, Pool: "medicines", Look: 5, Role: CrossIndex,
			Revenue: 88_000, Growth: 40, Margin: 690, Research: 400, Tax: 150, Seasons: even, Assets: 158_000, Owed: 98_000, Cash: 17_300, Spending: 40, Wear: 38, Buying: 200},
		{CIK: 2488, Symbol: "AMD", Name: "ADVANCED MICRO DEVICES INC", Short: "AMD", SIC: "3674", Trade: "Semiconductors & Related Devices", Office: "04 Manufacturing", State: "CA", Incorporated: "DE",
			Street: "2485 AUGUSTINE DRIVE", City: "SANTA CLARA", Zip: "95054", FileNumber: "001-07882", Ends: time.December, LastDay: time.Saturday, Pool: "chips", Look: 1,
			Revenue: 21_500, Growth: 50, Margin: 500, Research: 680, Tax: 120, Seasons: [4]int64{230, 240, 256, 274}, Assets: 58_000, Owed: 9_000, Cash: 3_600, Spending: 25, Wear: 23, Buying: 300},
		{CIK: 21344, Symbol: "KO", Name: "COCA COLA CO", Short: "Coca-Cola", SIC: "2086", Trade: "Bottled & Canned Soft Drinks & Carbonated Waters", Office: "04 Manufacturing", State: "GA", Incorporated: "DE",
			Street: "ONE COCA COLA PLAZA", City: "ATLANTA", Zip: "30313", FileNumber: "001-02217", Ends: time.December, LastDay: noDay, Pool: "drinks", Look: 5,
			Revenue: 41_000, Growth: 38, Margin: 598, Research: 0, Tax: 190, Seasons: [4]int64{240, 262, 258, 240}, Assets: 87_000, Owed: 66_000, Cash: 6_500, Spending: 35, Wear: 30, Buying: 120},
		{CIK: 12927, Symbol: "BA", Name: "BOEING CO", Short: "Boeing", SIC: "3721", Trade: "Aircraft", Office: "04 Manufacturing", State: "VA", Incorporated: "DE",
			Street: "929 LONG BRIDGE DRIVE", City: "ARLINGTON", Zip: "22202", FileNumber: "001-00442", Ends: time.December, LastDay: noDay, Pool: "aircraft", Look: 3, Role: Restated,
			Revenue: 66_000, Growth: 40, Margin: 72, Research: 330, Tax: 90, Seasons: [4]int64{238, 248, 242, 272}, Assets: 134_000, Owed: 142_000, Cash: 9_500, Spending: 22, Wear: 21, Buying: 0},
		{CIK: 320187, Symbol: "NKE", Name: "NIKE, Inc.", Short: "NIKE", SIC: "3021", Trade: "Rubber & Plastics Footwear", Office: "04 Manufacturing", State: "OR", Incorporated: "OR",
			Street: "ONE BOWERMAN DR", City: "BEAVERTON", Zip: "97005", FileNumber: "001-10635", Ends: time.May, LastDay: noDay, Pool: "shoes", Look: 2,
			Revenue: 45_000, Growth: 32, Margin: 445, Research: 0, Tax: 180, Seasons: [4]int64{256, 254, 240, 250}, Assets: 38_000, Owed: 25_000, Cash: 9_900, Spending: 18, Wear: 17, Buying: 400},
		{CIK: 1000184, Symbol: "SAP.DE", Name: "SAP SE", Short: "SAP", Tickers: []string{"SAP"}, Exchanges: []string{"NYSE"}, SIC: "7372", Trade: "Services-Prepackaged Software", Office: "06 Technology", State: "2M", Incorporated: "2M",
			Street: "DIETMAR-HOPP-ALLEE 16", City: "WALLDORF", Zip: "69190", FileNumber: "001-14251", Former: "SAP AG", Ends: time.December, LastDay: noDay, Pool: "software", Look: 1, Role: Foreign,
			Revenue: 30_000, Growth: 55, Margin: 725, Research: 430, Tax: 270, Seasons: [4]int64{238, 246, 248, 268}, Assets: 62_000, Owed: 24_000, Cash: 8_900, Spending: 28, Wear: 26, Buying: 200},
		// Nobody trades this one, and it has never filed anything.
		{CIK: 350001, Name: "QUIET HARBOR RECEIVABLES TRUST", Short: "the Trust", Tickers: []string{}, Exchanges: []string{}, SIC: "6189", Trade: "Asset-Backed Securities", Office: "09 Structured Finance",
			State: "DE", Incorporated: "DE", Street: "12 LANTERN ROW", City: "WILMINGTON", Zip: "19801", Ends: time.December, LastDay: noDay},
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
