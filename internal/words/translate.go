package words

import "strings"

// longest is the number of words of the longest phrase that is translated.
const longest = 6

// Translate puts the phrases of other languages that it knows into English. The words of a phrase take over its place,
// so that what is found in them can be shown where it stands. What is English already stays as it is, in place.
func Translate(in []Word) []Word {
	var out []Word
	for i := 0; i < len(in); {
		english, n := phraseAt(in[i:])
		if n == 0 {
			if out != nil {
				out = append(out, in[i])
			}
			i++
			continue
		}
		if out == nil {
			out = append(make([]Word, 0, len(in)+longest), in[:i]...)
		}
		for j, text := range english {
			out = append(out, Word{Text: text, Raw: text, Start: in[i].Start, End: in[i+n-1].End, Glued: j == 0 && in[i].Glued, Kind: kindOf(rune(text[0]))})
		}
		i += n
	}
	if out == nil {
		return in
	}
	return out
}

// phraseAt is the English of the longest known phrase that begins here, and how many words it takes.
func phraseAt(in []Word) ([]string, int) {
	if in[0].Kind != Letters {
		return nil, 0
	}
	candidates := phrases[in[0].Text]
	for _, c := range candidates {
		if len(c.words) > len(in) {
			continue
		}
		same := true
		for j, w := range c.words {
			if in[j].Text != w {
				same = false
				break
			}
		}
		if same {
			return c.english, len(c.words)
		}
	}
	return nil, 0
}

type phrase struct{ words, english []string }

// phrases are those of the table by their first word, the longer ones first.
var phrases = func() map[string][]phrase {
	out := map[string][]phrase{}
	for line := range strings.Lines(table) {
		foreign, english, found := strings.Cut(line, "=")
		if !found {
			continue
		}
		for alternative := range strings.SplitSeq(foreign, "|") {
			p := phrase{english: strings.Fields(english)}
			for _, w := range Split(strings.TrimSpace(alternative)) {
				p.words = append(p.words, w.Text)
			}
			list, at := out[p.words[0]], 0
			for at < len(list) && len(list[at].words) >= len(p.words) {
				at++
			}
			out[p.words[0]] = append(list[:at:at], append([]phrase{p}, list[at:]...)...)
		}
	}
	return out
}()

// table has phrases of Spanish, German, French and Chinese that cannot be mistaken for English, each line with what
// they are in English.
const table = `
hoy | heute | aujourd'hui | 今天 | 今日 = today
ayer | gestern | hier soir | 昨天 | 昨日 = yesterday
anteayer | vorgestern | avant-hier | 前天 = the day before yesterday
manana | morgen | demain | 明天 = tomorrow
esta semana | diese woche | dieser woche | cette semaine | 本周 | 这周 | 这个星期 | 本星期 = this week
este mes | diesen monat | diesem monat | ce mois | ce mois-ci | 本月 | 这个月 = this month
este trimestre | dieses quartal | diesem quartal | ce trimestre | 本季度 | 这个季度 = this quarter
este ano | dieses jahr | in diesem jahr | diesem jahr | cette annee | 今年 = this year
la semana pasada | semana pasada | letzte woche | letzter woche | vorige woche | la semaine derniere | semaine derniere | 上周 | 上个星期 | 上星期 = last week
el mes pasado | mes pasado | letzten monat | letzter monat | im letzten monat | le mois dernier | mois dernier | 上个月 | 上月 = last month
el trimestre pasado | el ultimo trimestre | trimestre pasado | letztes quartal | letzten quartal | im letzten quartal | le trimestre dernier | le dernier trimestre | 上季度 | 上个季度 = last quarter
el ano pasado | ano pasado | letztes jahr | letzten jahr | im letzten jahr | l'annee derniere | annee derniere | 去年 = last year
la proxima semana | nachste woche | la semaine prochaine | 下周 | 下个星期 = next week
el proximo mes | nachsten monat | le mois prochain | 下个月 = next month
en lo que va de ano | en lo que va del ano | seit jahresbeginn | seit jahresanfang | depuis le debut de l'annee | 今年以来 | 年初至今 = year to date
los ultimos | las ultimas | ultimos | ultimas | letzten | letzte | vergangenen | derniers | dernieres | les derniers | les dernieres | 过去 | 最近 = last
dias | tage | tagen | jours = days
semanas | wochen | semaines = weeks
meses | monate | monaten = months
anos | jahre | jahren | annees = years
lunes | montag | lundi | 星期一 | 周一 = monday
martes | dienstag | mardi | 星期二 | 周二 = tuesday
miercoles | mittwoch | mercredi | 星期三 | 周三 = wednesday
jueves | donnerstag | jeudi | 星期四 | 周四 = thursday
viernes | freitag | vendredi | 星期五 | 周五 = friday
enero | januar | janvier | 一月 = january
febrero | februar | fevrier | 二月 = february
marzo | marz = march
abril | avril = april
en mayo | im mai | en mai | 五月 = in may
junio | juni | juin = june
julio | juli | juillet = july
agosto | aout = august
septiembre | septembre = september
octubre | oktober | octobre = october
noviembre | novembre = november
diciembre | dezember | decembre = december
desde | seit | depuis | 自从 = since
mi cartera | mi portafolio | mi portfolio | mein depot | meinem depot | meines depots | mein portfolio | meinem portfolio | meines portfolios | mon portefeuille | de mon portefeuille | 我的投资组合 | 我的组合 | 我的账户 | 我的帐户 = my portfolio
mis acciones | meine aktien | meiner aktien | meinen aktien | mes actions | 我的股票 | 我的持仓 = my stocks
mis inversiones | meine investitionen | meine anlagen | mes investissements | 我的投资 = my investments
mis dividendos | meine dividenden | mes dividendes | 我的股息 | 我的分红 = my dividends
mis ganancias | meine gewinne | mes gains | 我的收益 = my gains
mis | mi cuenta | meine | mein | meiner | meinen | mes | 我的 | 我 = my
cartera | portafolio | portefeuille | 投资组合 = portfolio
acciones | accion | aktie | aktien | l'action | action de | actions de | 股票 = stock
precio | preis | kurs | aktienkurs | le cours | cours | cotizacion | prix | 股价 | 价格 = price
ingresos | umsatz | umsatze | chiffre d'affaires | 营收 | 收入 = revenue
beneficio neto | nettogewinn | benefice net | resultat net | 净利润 | 利润 = net income
beneficios | gewinn | benefices | 盈利 = earnings
dividendo | dividendos | dividende | dividenden | dividendes | 股息 | 分红 = dividends
riesgos | risiken | risikofaktoren | risques | 风险 = risks
noticias | nachrichten | nouvelles | actualites | 新闻 = news
cuanto vale | cuanto cuesta = price of
cuanto | cuanta | wie viel | wieviel | combien | 多少 = how much
cuales | cual | welche | welcher | quels | quelles | quel | quelle | 哪些 = which
wie | 怎么样 | 如何 = how
ganadores | gewinner = gainers
perdedores | verlierer | perdants = losers
rendimiento | rendite | rendement | 表现 | 回报 = performance
mercado | markt | marche | 市场 | 股市 = market
geschaftsbericht | informe anual | rapport annuel | 年报 = annual report
tecnologia | technologie | 科技 = technology
`
