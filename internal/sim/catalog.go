package sim

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// The sectors, as Yahoo names them.
const (
	technology    = "Technology"
	communication = "Communication Services"
	cyclical      = "Consumer Cyclical"
	defensive     = "Consumer Defensive"
	financial     = "Financial Services"
	health        = "Healthcare"
	industrials   = "Industrials"
	energy        = "Energy"
	utilities     = "Utilities"
	realEstate    = "Real Estate"
	materials     = "Basic Materials"
)

// catalog lists what is traded in the world. Names and tickers are real; every figure and description is made up.
func catalog() []*Instrument {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("sim: the embedded time zone database lacks London: " + err.Error())
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic("sim: the embedded time zone database lacks Berlin: " + err.Error())
	}
	all := slices.Concat(companies(), moreCompanies(), others(), abroad(), currencyPairs(), odd())
	all = append(all, shrunk())
	for _, in := range all {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(in.Symbol)) // never fails
		in.key = hash.Sum64()
		in.zone = calendar.NewYork()
		if in.Currency == "" {
			in.Currency = "USD"
		}
		if in.Kind == "" {
			in.Kind = Equity
		}
		if in.Kind == Equity && in.Country == "" {
			in.Country = "United States"
		}
		switch in.Exchange {
		case "LSE", "CCY":
			in.zone = london
		case "XETRA", "AMS":
			in.zone = berlin
		case "CRYPTO":
			in.zone = time.UTC
		}
	}
	return all
}

func companies() []*Instrument {
	return []*Instrument{
		{Symbol: "AAPL", Name: "Apple Inc.", Exchange: "NASDAQ", Sector: technology, Industry: "Consumer Electronics", City: "Cupertino", Employees: 164000,
			shares: 15600, eps: 610, base: 178_00, growth: 11, vol: 11000, beta: 115, dividend: 2200, exMonth: 2,
			Summary: "Makes phones, computers, watches and earphones, and sells software and subscriptions to the people who own them."},
		{Symbol: "MSFT", Name: "Microsoft Corporation", Exchange: "NASDAQ", Sector: technology, Industry: "Software - Infrastructure", City: "Redmond", Employees: 226000,
			shares: 7430, eps: 940, base: 302_00, growth: 13, vol: 10000, beta: 105, dividend: 6200, exMonth: 2,
			Summary: "Sells cloud computing, office software, operating systems and games to firms and households."},
		{Symbol: "NVDA", Name: "NVIDIA Corporation", Exchange: "NASDAQ", Sector: technology, Industry: "Semiconductors", City: "Santa Clara", Employees: 30000,
			shares: 2450, eps: 1210, base: 520_00, growth: 55, vol: 21000, beta: 170, dividend: 400, exMonth: 3,
			splits:  []Split{{Symbol: "NVDA", Day: calendar.Day{Year: 2024, Month: time.June, Day: 10}, Ratio: 10}},
			Summary: "Designs graphics and accelerator chips, and the software that runs models on them in data centers."},
		{Symbol: "GOOGL", Name: "Alphabet Inc.", Exchange: "NASDAQ", Sector: communication, Industry: "Internet Content & Information", City: "Mountain View", Employees: 183000,
			shares: 12500, eps: 560, base: 136_00, growth: 12, vol: 12000, beta: 108, dividend: 2000, exMonth: 3,
			Summary: "Runs a search engine, a video platform and a cloud, and lives mostly on advertising."},
		{Symbol: "AMZN", Name: "Amazon.com, Inc.", Exchange: "NASDAQ", Sector: cyclical, Industry: "Internet Retail", City: "Seattle", Employees: 1550000,
			shares: 10200, eps: 320, base: 158_00, growth: 10, vol: 13500, beta: 125,
			Summary: "Delivers goods from its own and other people's shelves, and rents out computers by the second."},
		{Symbol: "META", Name: "Meta Platforms, Inc.", Exchange: "NASDAQ", Sector: communication, Industry: "Internet Content & Information", City: "Menlo Park", Employees: 74000,
			shares: 2650, eps: 1380, base: 318_00, growth: 22, vol: 16000, beta: 125, dividend: 5000, exMonth: 3,
			splits:  []Split{{Symbol: "META", Day: calendar.Day{Year: 2026, Month: time.December, Day: 15}, Ratio: 4}},
			Summary: "Owns social networks and messengers, sells advertising on them, and builds glasses and headsets."},
		{Symbol: "TSLA", Name: "Tesla, Inc.", Exchange: "NASDAQ", Sector: cyclical, Industry: "Auto Manufacturers", City: "Austin", Employees: 125000,
			shares: 3150, eps: 250, base: 284_00, growth: 4, vol: 24000, beta: 165,
			Summary: "Builds electric cars, batteries for homes and grids, and the chargers between them."},
		{Symbol: "BRK.B", Name: "Berkshire Hathaway Inc.", Exchange: "NYSE", Sector: financial, Industry: "Insurance - Diversified", City: "Omaha", Employees: 392000,
			shares: 2170, eps: 1650, base: 300_00, growth: 11, vol: 7000, beta: 75,
			Summary: "Holds insurers, a railway, utilities and dozens of plain businesses, and a large share portfolio."},
		{Symbol: "JPM", Name: "JPMorgan Chase & Co.", Exchange: "NYSE", Sector: financial, Industry: "Banks - Diversified", City: "New York", Employees: 317000,
			shares: 2860, eps: 1440, base: 160_00, growth: 14, vol: 9500, beta: 100, dividend: 11000, exMonth: 1,
			Summary: "Takes deposits, lends, trades and advises, for households and for the largest firms."},
		{Symbol: "V", Name: "Visa Inc.", Exchange: "NYSE", Sector: financial, Industry: "Credit Services", City: "San Francisco", Employees: 31000,
			shares: 2050, eps: 780, base: 221_00, growth: 9, vol: 8000, beta: 90, dividend: 4500, exMonth: 2,
			Summary: "Runs a card network that moves payments between banks and takes a small part of each."},
		{Symbol: "MA", Name: "Mastercard Incorporated", Exchange: "NYSE", Sector: financial, Industry: "Credit Services", City: "Purchase", Employees: 35000,
			shares: 930, eps: 1180, base: 364_00, growth: 10, vol: 8500, beta: 95, dividend: 5700, exMonth: 1,
			Summary: "Runs a card network and sells fraud checks and data to the banks on it."},
		{Symbol: "BAC", Name: "Bank of America Corporation", Exchange: "NYSE", Sector: financial, Industry: "Banks - Diversified", City: "Charlotte", Employees: 213000,
			shares: 7700, eps: 310, base: 36_00, growth: 6, vol: 10500, beta: 115, dividend: 2200, exMonth: 3,
			Summary: "A retail and investment bank with branches across the country."},
		{Symbol: "GS", Name: "The Goldman Sachs Group, Inc.", Exchange: "NYSE", Sector: financial, Industry: "Capital Markets", City: "New York", Employees: 46500,
			shares: 318, eps: 3900, base: 390_00, growth: 15, vol: 10500, beta: 120, dividend: 25000, exMonth: 2,
			Summary: "Advises on mergers, trades for clients and manages money."},
		{Symbol: "JNJ", Name: "Johnson & Johnson", Exchange: "NYSE", Sector: health, Industry: "Drug Manufacturers - General", City: "New Brunswick", Employees: 138000,
			shares: 2410, eps: 980, base: 168_00, growth: 3, vol: 7000, beta: 55, dividend: 10600, exMonth: 2,
			Summary: "Develops medicines and makes devices for surgery and joints."},
		{Symbol: "UNH", Name: "UnitedHealth Group Incorporated", Exchange: "NYSE", Sector: health, Industry: "Healthcare Plans", City: "Minnetonka", Employees: 400000,
			shares: 920, eps: 2100, base: 460_00, growth: -3, vol: 10500, beta: 65, dividend: 14500, exMonth: 3,
			Summary: "Insures people's health, runs clinics and dispenses prescriptions."},
		{Symbol: "LLY", Name: "Eli Lilly and Company", Exchange: "NYSE", Sector: health, Industry: "Drug Manufacturers - General", City: "Indianapolis", Employees: 47000,
			shares: 900, eps: 990, base: 290_00, growth: 35, vol: 14000, beta: 60, dividend: 9800, exMonth: 2,
			Summary: "Develops medicines, above all for diabetes, weight and cancer."},
		{Symbol: "PFE", Name: "Pfizer Inc.", Exchange: "NYSE", Sector: health, Industry: "Drug Manufacturers - General", City: "New York", Employees: 81000,
			shares: 5650, eps: 140, base: 46_00, growth: -9, vol: 9500, beta: 60, dividend: 4000, exMonth: 1,
			Summary: "Develops and sells vaccines and medicines in most countries."},
		{Symbol: "TWTR", Name: "Twitter, Inc.", Exchange: "NYSE", Sector: communication, Industry: "Internet Content & Information", City: "San Francisco", Employees: 7500,
			shares: 800, eps: 20, base: 43_00, growth: 4, vol: 19000, beta: 80, Delisted: calendar.Day{Year: 2022, Month: time.October, Day: 28},
			Summary: "A network for short public messages, since taken private."},
	}
}
