package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"time"
)

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the docs page load its own script, style and description, and nothing from anywhere else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocs serves the API's description and the page that shows it. Neither is personal, so both may be cached.
func (r *router) serveDocs(mux *http.ServeMux) error {
	description, err := json.Marshal(r.api.OpenAPI())
	if err != nil {
		return err
	}
	mux.Handle("GET /api/openapi.json", r.limitAddress(cacheable("openapi.json", description)))
	for route, name := range map[string]string{
		"GET /api/docs": "docs/index.html", "GET /api/docs/docs.js": "docs/docs.js", "GET /api/docs/style.css": "docs/style.css",
	} {
		text, err := docsFiles.ReadFile(name)
		if err != nil {
			return err
		}
		mux.Handle(route, r.limitAddress(cacheable(path.Base(name), text)))
	}
	return nil
}

// cacheable serves bytes that change only with the program; the name gives the content type. A browser that has them
// gets a 304.
func cacheable(name string, content []byte) http.Handler {
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		w.Header().Set("Cache-Control", "no-cache") // ask each time, and get a 304
		w.Header().Set("ETag", tag)
		http.ServeContent(w, req, name, time.Time{}, bytes.NewReader(content))
	})
}
