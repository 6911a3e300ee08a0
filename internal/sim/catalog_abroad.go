package sim

// abroad are what is traded elsewhere in the currency of the place.
func abroad() []*Instrument {
	return []*Instrument{
		{Symbol: "HSBA.L", Name: "HSBC Holdings plc", Exchange: "LSE", Currency: "GBp", Sector: financial, Industry: "Banks - Diversified", City: "London", Country: "United Kingdom", Employees: 211000,
			shares: 17500, eps: 90, base: 448_00, growth: 12, vol: 11000, beta: 70, dividend: 150000, exMonth: 2,
			Summary: "Takes deposits and lends in Britain and, above all, in Asia."},
		{Symbol: "SAP.DE", Name: "SAP SE", Exchange: "XETRA", Currency: "EUR", Sector: technology, Industry: "Software - Application", City: "Walldorf", Country: "Germany", Employees: 109000,
			shares: 1170, eps: 480, base: 121_00, growth: 16, vol: 11500, beta: 100,
			Summary: "Sells the software with which large firms keep their books and stores."},
		{Symbol: "ASML.AS", Name: "ASML Holding N.V.", Exchange: "AMS", Currency: "EUR", Sector: technology, Industry: "Semiconductor Equipment", City: "Veldhoven", Country: "Netherlands", Employees: 44000,
			shares: 390, eps: 2000, base: 640_00, growth: 7, vol: 15000, beta: 130,
			Summary: "Builds the machines that print the finest chips with light."},
	}
}
