package app

import (
	"io"
	"strings"
)

// welcome is what the demo prints. The lines are for a POSIX shell with curl, and build on each other.
const welcome = `
Jaspers AI demo: everything outside is simulated, no account and no key is needed.

  Server     {{server}}
  API page   {{server}}/api/docs
  Simulator  {{sim}}/control
  Gateway    {{gateway}} (the simulated one of Interactive Brokers; your browser will not know its certificate)
  Sign in    {{email}} / {{password}}

Five things to try, in this order, each pasted into one shell:

1. Sign in, and keep the access token:
   TOKEN=$(curl -s {{server}}/api/auth/login -H 'Content-Type: application/json' -d '{"email":"{{email}}","password":"{{password}}"}' | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')

2. See the portfolio of two brokerages as one:
   curl -s {{server}}/api/portfolio/holdings -H "Authorization: Bearer $TOKEN"

3. Connect one more account through the brokerage's own consent page (Casey Novak's; or open the address in a browser and choose):
   AUTHORIZE=$(curl -s -c jar {{server}}/api/brokerages/connect -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"provider":"alpaca","environment":"paper"}' | sed 's/.*"authorizationUrl":"\([^"]*\)".*/\1/;s/\\u0026/\&/g')
   curl -s -b jar -L "$AUTHORIZE" --data 'customer=casey&decision=allow' -o connected.json; cat connected.json

4. Ask the analyst, and watch the answer arrive:
   CHAT=$(curl -s {{server}}/api/chat/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{}' | sed 's/.*"id":"\([^"]*\)".*/\1/')
   curl -sN {{server}}/api/chat/sessions/$CHAT/messages -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{"content":"How is my portfolio doing, and what does Apple trade at?"}'

5. See that it was stored, with its tools, sources and cost:
   curl -s {{server}}/api/chat/sessions/$CHAT/messages -H "Authorization: Bearer $TOKEN"

Stop with Ctrl-C. The data stays; start with -fresh to begin again.
`

// printDemo tells the person what there is and what to try.
func printDemo(w io.Writer, server, simulator, gateway string) error {
	_, err := strings.NewReplacer("{{server}}", server, "{{sim}}", simulator, "{{gateway}}", gateway, "{{email}}", demoEmail, "{{password}}", demoPassword).
		WriteString(w, welcome)
	return err
}
