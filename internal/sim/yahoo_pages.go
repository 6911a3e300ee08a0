package sim

import (
	"net/http"
	"net/url"
)

// Consent is what a visitor has to go through before there is a cookie.
type Consent int

// What Yahoo wants of visitors: nothing in America; in Europe a walk over its redirects, and in some years a form.
const (
	NoConsent Consent = iota
	ConsentByRedirect
	ConsentByForm
)

// yahooPages are pages for people, and what lies before them.
func (s *Sim) yahooPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /quote/{symbol}", s.yahooPage)
	mux.HandleFunc("GET /consent", s.askConsent)
	mux.HandleFunc("GET /v2/collectConsent", func(w http.ResponseWriter, r *http.Request) {
		writeText(w, http.StatusOK, "text/html;charset=UTF-8", `<html><form method="post" class="consent-form" action="">
<input type="hidden" name="csrfToken" value="sim&amp;token"><input type="hidden" name="sessionId" value="`+url.QueryEscape(r.URL.Query().Get("sessionId"))+`">
<button type="submit" name="agree" value="agree">Accept</button><button type="submit" name="reject" value="reject">Reject</button></form></html>`)
	})
	mux.HandleFunc("POST /v2/collectConsent", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("csrfToken") != "sim&token" || r.PostFormValue("agree") != "agree" || r.PostFormValue("sessionId") == "" {
			writeText(w, http.StatusBadRequest, "text/html", "<html>Bad Request</html>")
			return
		}
		lead(w, http.StatusFound, "../copyConsent")
	})
	mux.HandleFunc("GET /copyConsent", func(w http.ResponseWriter, _ *http.Request) {
		s.setCookie(w)
		lead(w, http.StatusFound, "quote/AAPL?guccounter=1")
	})
}

// yahooPage is a page that sets the cookie, or leads to where consent is asked for.
func (s *Sim) yahooPage(w http.ResponseWriter, r *http.Request) {
	if s.YahooConsent != NoConsent && r.URL.Query().Get("guccounter") == "" {
		http.SetCookie(w, &http.Cookie{Name: "GUCS", Value: "simulated", Path: "/", MaxAge: 1800})
		lead(w, http.StatusTemporaryRedirect, "../consent?done=quote")
		return
	}
	if _, ok := s.crumb(r); !ok {
		s.setCookie(w)
	}
	writeText(w, http.StatusOK, "text/html; charset=utf-8", "<html><h1>A page</h1></html>")
}

// askConsent has the visitor sign a form, or lets them pass with the cookie they came for.
func (s *Sim) askConsent(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie("GUCS"); err != nil {
		writeText(w, http.StatusBadRequest, "text/html", "<html>No session</html>")
		return
	}
	if s.YahooConsent == ConsentByForm {
		lead(w, http.StatusFound, "v2/collectConsent?sessionId=3_sim")
		return
	}
	w.Header().Add("Set-Cookie", "OTHD=EMPTY; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=; Secure; HttpOnly")
	s.setCookie(w)
	lead(w, http.StatusFound, "quote/AAPL?guccounter=1")
}

// lead redirects to an address beside the request's own, whatever lies before it.
func lead(w http.ResponseWriter, status int, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}
