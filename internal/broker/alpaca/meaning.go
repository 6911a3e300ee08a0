package alpaca

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// kinds are Alpaca's types of activities, as its API lists them and listed them in earlier years, where the type alone
// says what it is. The quantity of the first group is what a payment was for; that of the second is what is held more or less.
var (
	payments = map[string]broker.ActivityKind{
		"DIV": broker.Dividend, "DIVCGL": broker.Dividend, "DIVCGS": broker.Dividend, "DIVROC": broker.Dividend, "DIVTXEX": broker.Dividend,
		"CGD": broker.Dividend, "DIVFEE": broker.Fee, "DIVFT": broker.Tax, "DIVNRA": broker.Tax, "DIVTW": broker.Tax, "DIVWH": broker.Tax,
		"INT": broker.Interest, "INTNRA": broker.Tax, "INTTW": broker.Tax, "WH": broker.Tax,
		"FEE": broker.Fee, "PTC": broker.Fee, "PTR": broker.Fee, "OPCSH": broker.Other,
	}
	movements = map[string]broker.ActivityKind{
		"CFEE": broker.Fee, "SPLIT": broker.Split, "SSP": broker.Split, "SPIN": broker.SpinOff, "SSO": broker.SpinOff,
		"MA": broker.Merger, "REORG": broker.Merger, "VOF": broker.Merger, "NC": broker.Merger, "SC": broker.Merger,
		"FXTRD": broker.Exchange, "FXCNV": broker.Exchange,
	}
	// signed are the types of which the sign tells which of two kinds it is: what comes in, and what goes out.
	signed = map[string][2]broker.ActivityKind{
		"CSD": {broker.Deposit, broker.Withdrawal}, "CSW": {broker.Deposit, broker.Withdrawal}, "CSR": {broker.Deposit, broker.Withdrawal},
		"ACATC": {broker.Deposit, broker.Withdrawal}, "ACATS": {broker.DeliveryIn, broker.DeliveryOut}, "FOPT": {broker.DeliveryIn, broker.DeliveryOut},
		"JNL": {broker.TransferIn, broker.TransferOut}, "JNLC": {broker.TransferIn, broker.TransferOut}, "JNLS": {broker.TransferIn, broker.TransferOut},
		"OPTRD": {broker.Buy, broker.Sell}, "EXTRD": {broker.Buy, broker.Sell}, "CIL": {broker.Buy, broker.Sell},
		"OPASN": {broker.Buy, broker.Sell}, "OPEXP": {broker.Buy, broker.Sell}, "OPEXC": {broker.Buy, broker.Sell}, "OPXRC": {broker.Buy, broker.Sell},
	}
)

// meaning sorts an activity that is no fill, and gives by how much what is held changes. What Alpaca may invent is Other
// with its cash; what its quantity would mean nobody knows, so it has none.
func (w activity) meaning() (broker.ActivityKind, decimal.Decimal) {
	if w.Type == "OPCA" { // what happened to the underlying stands before the dot: SPLIT.FSPLIT
		underlying, _, _ := strings.Cut(w.SubType, ".")
		if kind, ok := movements[underlying]; ok {
			return kind, w.Quantity.Decimal
		}
		return broker.Other, decimal.Zero
	}
	if w.isStockDividend() {
		return broker.Split, w.Quantity.Decimal
	}
	if kind, ok := payments[w.Type]; ok {
		return kind, decimal.Zero
	}
	if kind, ok := movements[w.Type]; ok {
		return kind, w.Quantity.Decimal
	}
	if kinds, ok := signed[w.Type]; ok {
		return w.bySign(kinds)
	}
	if strings.HasPrefix(w.Type, "DIV") {
		return broker.Dividend, decimal.Zero
	}
	return broker.Other, decimal.Zero
}

// isStockDividend tells shares that were given for shares from money: they cost nothing, as those of a split.
func (w activity) isStockDividend() bool {
	return w.Type == "DIV" && w.SubType == "SDIV" && w.NetAmount.Decimal.IsZero() && !w.PerShare.Valid
}

// bySign picks the kind by what comes in or goes out: the quantity where there is one, else the cash.
func (w activity) bySign(kinds [2]broker.ActivityKind) (broker.ActivityKind, decimal.Decimal) {
	quantity, way := w.Quantity.Decimal, w.Quantity.Decimal
	if kinds[0] == broker.Deposit || way.IsZero() || w.Symbol == "" {
		quantity, way = decimal.Zero, w.NetAmount.Decimal
	}
	trade := kinds[0] == broker.Buy
	switch {
	case trade && quantity.IsZero():
		return broker.Other, decimal.Zero // cash in lieu of a fraction that was never held
	case way.IsNegative():
		return kinds[1], quantity
	}
	return kinds[0], quantity
}
