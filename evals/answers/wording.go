package answers

import "regexp"

// wording is how a sentence can be said otherwise.
type wording struct {
	said  *regexp.Regexp
	other string
}

// otherWordings are other words for what the answers' sentences say, so that rules which were made with the one way to say
// a thing are tried with another. In them the figure is %s, and never comes first: by what stands before it a line is found.
var otherWordings = []wording{
	{regexp.MustCompile(`Your portfolio is worth %s`), "Everything you own has a value of %s"},
	{regexp.MustCompile(`Your cash comes to %s`), "You have %s in cash"},
	{regexp.MustCompile(`The cost basis of your holdings is %s`), "For what you hold you paid %s"},
	{regexp.MustCompile(`The market value of your holdings is %s`), "What you hold is valued at %s"},
	{regexp.MustCompile(`Your unrealized gain on (\S+) is %s`), "On paper $1 has brought you %s"},
	{regexp.MustCompile(`Your unrealized gain is %s`), "On paper you are up %s"},
	{regexp.MustCompile(`Your realized gain on (\S+) is %s`), "Selling $1 earned you %s"},
	{regexp.MustCompile(`Your realized gain of (\S+) is %s`), "In $1 your sales realized %s"},
	{regexp.MustCompile(`Your position in (\S+) is worth %s`), "Your $1 stake has a market value of %s"},
	{regexp.MustCompile(`Your position in (\S+) cost %s`), "Your $1 shares were bought for %s"},
	{regexp.MustCompile(`Your position in (\S+) changed by %s today`), "Today your $1 shares moved by %s"},
	{regexp.MustCompile(`You hold %s shares of (\S+)`), "In $1 you own %s shares"},
	{regexp.MustCompile(`You paid %s on average for a share of (\S+)`), "Your average cost of a $1 share is %s"},
	{regexp.MustCompile(`^(\S+) is %s of your portfolio`), "The weight of $1 in your portfolio is %s"},
	{regexp.MustCompile(`^([\w ]+) is %s of your portfolio`), "The weight of $1 in your portfolio is %s"},
	{regexp.MustCompile(`Your holdings in (.+) are worth %s`), "Your $1 stocks have a value of %s"},
	{regexp.MustCompile(`Your portfolio returned %s`), "The return of your portfolio was %s"},
	{regexp.MustCompile(`The benchmark SPY returned %s`), "SPY, the benchmark, had a return of %s"},
	{regexp.MustCompile(`Your (dividends|deposits|withdrawals|fees|interest) of (\d+) (before tax )?comes? to %s`), "In $2 your $1 ${3}totaled %s"},
	{regexp.MustCompile(`The taxes withheld in (\d+) come to %s`), "In $1, %s of tax was withheld"},
	{regexp.MustCompile(`The dividends that you received from (\S+) since you began come to %s`), "So far $1 has paid you dividends of %s"},
	{regexp.MustCompile(`You made %s purchases in (\d+)`), "In $1 you bought %s times"},
	{regexp.MustCompile(`The price of (\S+) is %s`), "$1 trades at %s"},
	{regexp.MustCompile(`The change of (\S+) today is %s`), "$1 moved by %s today"},
	{regexp.MustCompile(`The previous close of (\S+) was %s`), "$1 closed the day before at %s"},
	{regexp.MustCompile(`The high of the day of (\S+) is %s`), "$1 reached a high of %s during the day"},
	{regexp.MustCompile(`The low of the day of (\S+) is %s`), "$1 fell to a low of %s during the day"},
	{regexp.MustCompile(`The highest close of (\S+) from (.+) to (.+) was %s`), "Between $2 and $3 $1 closed at %s at most"},
	{regexp.MustCompile(`The price of (\S+) changed by %s from (.+) to (.+)$`), "From $2 to $3 $1 moved by %s"},
	{regexp.MustCompile(`In (\d{4}) (\S+) earned %s per share`), "$2 had earnings per share of %s in $1"},
}

// reworded says a sentence in other words, where there are any.
func reworded(says string) string {
	for _, w := range otherWordings {
		if w.said.MatchString(says) {
			return w.said.ReplaceAllString(says, w.other)
		}
	}
	return says
}

// reworded is the reading with other words for all that is said of it.
func (r reading) reworded() reading {
	all := func(some []string) []string {
		other := make([]string, len(some))
		for i, says := range some {
			other[i] = reworded(says)
		}
		return other
	}
	r.says, r.wrong, r.others, r.lapsed = reworded(r.says), all(r.wrong), all(r.others), all(r.lapsed)
	return r
}
