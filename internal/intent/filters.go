package intent

import "strings"

// Topic is something a question asks about. A question may have several, or none; which companies or holdings it is
// asked of say the symbols and filters. Dividends with Filters.Holdings is "my dividends".
type Topic string

// The topics of questions.
const (
	Dividends    Topic = "dividends"    // what was or will be paid out, and yields
	Performance  Topic = "performance"  // gains, losses and returns over a time
	Risk         Topic = "risk"         // volatility, drawdowns, beta, ratios of return to risk, exposure
	Allocation   Topic = "allocation"   // weights, concentration, diversification, exposure
	News         Topic = "news"         // what happened or was announced
	Earnings     Topic = "earnings"     // results of a quarter or year: when, how high, against what was expected
	Price        Topic = "price"        // quotes, and how a price moved
	Fundamentals Topic = "fundamentals" // figures of statements and ratios of them
	Transactions Topic = "transactions" // trades, orders, deposits, withdrawals, fees
	Holdings     Topic = "holdings"     // which positions there are, their cost and value
	Filings      Topic = "filings"      // what was filed, and what it says
	Cash         Topic = "cash"         // cash and buying power
	Profile      Topic = "profile"      // what a company is: its people, business, industry, competitors
)

// allTopics is the order in which a question's topics stand.
var allTopics = []Topic{Dividends, Performance, Risk, Allocation, News, Earnings, Price, Fundamentals, Transactions, Holdings, Filings, Cash, Profile}

const topicMark = "topic:"

// topics are those whose words stand in the question, in a fixed order.
func (q *question) topics() []Topic {
	var out []Topic
	for _, t := range allTopics {
		if q.tells[topicMark+string(t)] > 0 {
			out = append(out, t)
		}
	}
	return out
}

// Filters narrow what a question is about. All that are set hold at a time: "my worst tech stocks" has three.
type Filters struct {
	// Holdings has the question be about what the person owns: all of it where no symbols are named, else what is owned of
	// those. Of a portfolio question it is always set.
	Holdings bool
	// Sectors are "technology", "financials", "healthcare", "energy", "industrials", "materials", "utilities", "realestate",
	// "staples", "discretionary" and "communication", in this order; of several any may hold. With Holdings they choose among
	// what is owned, else among all companies; questions about a named company have none.
	Sectors []string
	// Industries are "semiconductors", "software", "banks", "biotechnology", "pharmaceuticals", "airlines", "automobiles",
	// "insurance", "oil", "gold", "defense", "retail" and "reits". An industry stands beside the sector it is of, and narrows it.
	Industries []string
	// Movers is "gainers" or "losers" where those that rose or fell the most are asked for, over the question's range or,
	// without one, today; empty where neither or both are.
	Movers string
}

func (q *question) filters(t Type, named bool) Filters {
	out := Filters{Holdings: t == Portfolio}
	for _, name := range sectors {
		if q.tells["sector:"+name] > 0 {
			out.Sectors = append(out.Sectors, name)
		}
	}
	for _, name := range industries {
		if q.tells["industry:"+name] > 0 {
			out.Industries = append(out.Industries, name)
		}
	}
	if t == Research || t == Other || t == Market && named {
		out.Sectors, out.Industries = nil, nil // what a company does, and not which companies
	}
	losers, gainers := q.tells["movers:losers"] > 0, q.tells["movers:gainers"] > 0
	switch {
	case losers && !gainers:
		out.Movers = "losers"
	case gainers && !losers:
		out.Movers = "gainers"
	}
	return out
}

var (
	sectors    = strings.Fields("technology financials healthcare energy industrials materials utilities realestate staples discretionary communication")
	industries = strings.Fields("semiconductors software banks biotechnology pharmaceuticals airlines automobiles insurance oil gold defense retail reits")
)
