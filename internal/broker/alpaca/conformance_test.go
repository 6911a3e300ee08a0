package alpaca_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
)

// holder answers as Alpaca does for an account that has everything that is easily got wrong.
func holder() http.Handler {
	return answers(map[string]string{
		"/paper/v2/account": `{"id":"a","account_number":"PA1","status":"ACTIVE","currency":"EUR","cash":"-10.5","equity":"1"}`,
		"/paper/v2/positions": "[" + aPosition + `,
			{"asset_id":"2","symbol":"Y","asset_class":"us_equity","qty":"-2","side":"short","cost_basis":"-6","market_value":"-8"},
			{"asset_id":"3","symbol":"PTON240126C00000500","asset_class":"us_option","exchange":"","qty":"1","side":"long"},
			{"asset_id":"4","symbol":"BTCUSD","asset_class":"crypto","exchange":"CRYPTO","qty":"0.000000001","side":"long"},
			{"asset_id":"5","symbol":"Z","asset_class":"us_equity","qty":"0.5","side":"long","usd":{"market_value":"4"}}]`,
		"/paper/v2/account/activities": "[" + strings.Join(manyActivities(), ",") + "]",
	})
}

// manyActivities is one of each kind, the newest first.
func manyActivities() []string {
	var all []string
	for i, fields := range []string{
		`"activity_type":"FILL","transaction_time":"2026-11-20T15:00:00.123456789Z","type":"partial_fill","side":"buy","symbol":"X","qty":"2","price":"3"`,
		`"activity_type":"FILL","transaction_time":"2026-11-20T14:59:00Z","type":"fill","side":"sell_short","symbol":"Y","qty":"2","price":"3"`,
		`"activity_type":"DIV","date":"2026-11-19","net_amount":"1.02","symbol":"X","qty":"2","per_share_amount":"0.51"`,
		`"activity_type":"CSW","date":"2026-11-19","net_amount":"-5"`, `"activity_type":"CSD","date":"2026-11-18","net_amount":"50"`,
		`"activity_type":"JNLC","date":"2026-11-18","net_amount":"-5"`, `"activity_type":"ACATS","date":"2026-11-17","symbol":"Z","qty":"0.5","net_amount":"0"`,
		`"activity_type":"OPEXP","date":"2026-11-17","symbol":"PTON240126C00000500","qty":"-1","net_amount":"0"`,
	} {
		all = append(all, `{"id":"`+strconv.Itoa(99-i)+`",`+fields+`}`)
	}
	return all
}

func conformance(creds broker.Credentials) brokertest.Brokerage {
	return brokertest.Brokerage{
		New: func(t *testing.T, h http.Handler) broker.Provider { return at(t, h) },
		At: func(t *testing.T, origin string, timeout time.Duration) broker.Provider {
			return atOrigin(t, origin, timeout)
		},
		Credentials: creds,
		True:        holder(),
		Empty: answers(map[string]string{
			"/paper/v2/account": `{"id":"a","cash":"0"}`, "/paper/v2/positions": "[]", "/paper/v2/account/activities": "[]",
		}),
		Shows: []brokertest.Trait{brokertest.Short, brokertest.Options, brokertest.Cryptos, brokertest.Foreign, brokertest.Fraction},
	}
}

func TestConformanceWithATokenAndWithAnAPIKey(t *testing.T) {
	t.Run("token", func(t *testing.T) { brokertest.Run(t, conformance(paper)) })
	t.Run("key", func(t *testing.T) { brokertest.Run(t, conformance(pair)) })
}

func TestWhateverGoesWrongAtAlpaca(t *testing.T) { brokertest.RunFaults(t, conformance(paper)) }

var _ broker.Historian = (*alpaca.Provider)(nil)
