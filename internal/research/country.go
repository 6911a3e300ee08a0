package research

import "strings"

// countries are the codes of ISO 3166-1 by the English names that sources have for the countries where companies are.
var countries = map[string]string{
	"argentina": "AR", "australia": "AU", "austria": "AT", "bahamas": "BS", "belgium": "BE", "bermuda": "BM", "brazil": "BR",
	"british virgin islands": "VG", "canada": "CA", "cayman islands": "KY", "chile": "CL", "china": "CN", "colombia": "CO",
	"costa rica": "CR", "cyprus": "CY", "czech republic": "CZ", "czechia": "CZ", "denmark": "DK", "egypt": "EG", "estonia": "EE",
	"finland": "FI", "france": "FR", "georgia": "GE", "germany": "DE", "gibraltar": "GI", "greece": "GR", "guernsey": "GG",
	"hong kong": "HK", "hungary": "HU", "iceland": "IS", "india": "IN", "indonesia": "ID", "ireland": "IE", "isle of man": "IM",
	"israel": "IL", "italy": "IT", "japan": "JP", "jersey": "JE", "jordan": "JO", "kazakhstan": "KZ", "kenya": "KE", "kuwait": "KW",
	"latvia": "LV", "liechtenstein": "LI", "lithuania": "LT", "luxembourg": "LU", "macau": "MO", "malaysia": "MY", "malta": "MT",
	"marshall islands": "MH", "mauritius": "MU", "mexico": "MX", "monaco": "MC", "morocco": "MA", "netherlands": "NL",
	"new zealand": "NZ", "nigeria": "NG", "norway": "NO", "panama": "PA", "peru": "PE", "philippines": "PH", "poland": "PL",
	"portugal": "PT", "puerto rico": "PR", "qatar": "QA", "romania": "RO", "russia": "RU", "saudi arabia": "SA", "singapore": "SG",
	"slovakia": "SK", "slovenia": "SI", "south africa": "ZA", "south korea": "KR", "korea": "KR", "spain": "ES", "sweden": "SE",
	"switzerland": "CH", "taiwan": "TW", "thailand": "TH", "turkey": "TR", "ukraine": "UA", "united arab emirates": "AE",
	"united kingdom": "GB", "united states": "US", "united states of america": "US", "usa": "US", "uk": "GB", "uruguay": "UY", "vietnam": "VN",
}

// countryCode is the code of a country, from its name or from the code itself; what is neither stays as it was said.
func countryCode(country string) string {
	if code, ok := countries[strings.ToLower(country)]; ok {
		return code
	}
	if len(country) == len("US") {
		return strings.ToUpper(country)
	}
	return country
}
