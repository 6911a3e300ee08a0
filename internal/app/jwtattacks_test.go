package app_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// forger makes tokens by hand, so that each can be wrong in a way no library would make it.
type forger struct {
	*person
	header, claims map[string]any // of a token that is right
	listener       string         // the address of somebody who must never be asked for a key
	rsa            *rsa.PrivateKey
}

func newForger(p *person, listener string) *forger {
	p.t.Helper()
	f := &forger{person: p, listener: listener}
	parts := strings.Split(p.access, ".")
	for i, into := range []*map[string]any{&f.header, &f.claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			p.t.Fatalf("a token of ours cannot be read: %v", err)
		}
	}
	var err error
	if f.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		p.t.Fatal(err)
	}
	return f
}

func b64(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// signed is a token of a header and claims as they are written, under the server's own key.
func (f *forger) signed(header, claims string) string {
	text := b64([]byte(header)) + "." + b64([]byte(claims))
	return text + "." + b64(mac([]byte(jwtSecret), text))
}

// with changes the header or the claims; what is set to nil is taken out.
func changed(of map[string]any, name string, value any) string {
	all := map[string]any{}
	for n, v := range of {
		all[n] = v
	}
	if all[name] = value; value == nil {
		delete(all, name)
	}
	text, _ := json.Marshal(all)
	return string(text)
}

func (f *forger) head(name string, value any) string {
	return f.signed(changed(f.header, name, value), changed(f.claims, "", nil))
}

func (f *forger) claim(name string, value any) string {
	return f.signed(changed(f.header, "", nil), changed(f.claims, name, value))
}

// unsigned has an algorithm and no signature.
func (f *forger) unsigned(alg any) string {
	return b64([]byte(changed(f.header, "alg", alg))) + "." + b64([]byte(changed(f.claims, "", nil))) + "."
}

// byKey is signed by a key of the forger's own, which the header offers.
func (f *forger) byKey(name string, value any) string {
	header := changed(f.header, "alg", "RS256")
	header = strings.TrimSuffix(header, "}") + `,` + strings.TrimPrefix(changed(map[string]any{}, name, value), "{")
	text := b64([]byte(header)) + "." + b64([]byte(changed(f.claims, "", nil)))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, f.rsa, crypto.SHA256, sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return text + "." + b64(signature)
}

func (f *forger) jwk() map[string]any {
	return map[string]any{"kty": "RSA", "n": b64(f.rsa.N.Bytes()), "e": b64(big.NewInt(int64(f.rsa.E)).Bytes()), "use": "sig"}
}

// publicKeys are tokens signed with the bytes of a public key as if they were a secret.
func (f *forger) publicKeys() []string {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&f.rsa.PublicKey)
	if err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for _, key := range [][]byte{public, der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
		all = append(all, f.under(key))
	}
	return all
}

// under is the right token but for the key.
func (f *forger) under(key []byte) string {
	text := f.access[:strings.LastIndex(f.access, ".")]
	return text + "." + b64(mac(key, text))
}

// signature changes the last part of the right token.
func (f *forger) signature(edit func(raw []byte) string) string {
	at := strings.LastIndex(f.access, ".") + 1
	raw, _ := base64.RawURLEncoding.DecodeString(f.access[at:])
	return f.access[:at] + edit(raw)
}

func (f *forger) flipped() []string {
	var all []string
	for bit := range 8 {
		all = append(all, f.signature(func(raw []byte) string {
			raw[len(raw)-1] ^= 1 << bit
			return b64(raw)
		}))
	}
	return all
}

// loose is the same signature in a spelling of base64 whose last bits do not count: 32 bytes leave two of them.
func (f *forger) loose() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(f.access) - 1
	return f.access[:last] + string(alphabet[strings.IndexByte(alphabet, f.access[last])^1])
}

// standard writes the token in the other alphabet of base64; it looks for one whose signature differs in it.
func (f *forger) standard() string {
	for i := 0; ; i++ {
		token := f.claim("pad", i)
		if other := strings.NewReplacer("-", "+", "_", "/").Replace(token); other != token {
			return other
		}
	}
}

func (f *forger) hs384() string {
	text := b64([]byte(changed(f.header, "alg", "HS384"))) + "." + b64([]byte(changed(f.claims, "", nil)))
	m := hmac.New(sha512.New384, []byte(jwtSecret))
	m.Write([]byte(text))
	return text + "." + b64(m.Sum(nil))
}

// inClaims puts something in front of the claims' own properties, or behind them.
func (f *forger) inClaims(before, after string) string {
	claims := changed(f.claims, "", nil)
	return f.signed(changed(f.header, "", nil), "{"+before+claims[1:len(claims)-1]+after+"}")
}

func (f *forger) jwe(header string, payload []byte) string {
	return b64([]byte(header)) + ".." + b64(make([]byte, 12)) + "." + b64(payload) + "." + b64(make([]byte, 16))
}

// attacks are the tokens of each attack in the list, by its id.
func (f *forger) attacks() map[string][]string {
	one := func(token string) []string { return []string{token} }
	now := f.clock.Now()
	all := map[string][]string{
		"alg-none": one(f.unsigned("none")), "alg-None": one(f.unsigned("None")), "alg-NONE": one(f.unsigned("NONE")), "alg-nOnE": one(f.unsigned("nOnE")),
		"alg-empty": one(f.unsigned("")), "alg-missing": {f.unsigned(nil), f.head("alg", nil)}, "alg-array": one(f.head("alg", []string{"HS256"})),
		"alg-null":               one(f.signed(strings.Replace(changed(f.header, "", nil), `"HS256"`, "null", 1), changed(f.claims, "", nil))),
		"alg-hs-with-public-key": f.publicKeys(), "alg-hs384": one(f.hs384()), "alg-rs256-own-jwk": one(f.byKey("jwk", f.jwk())),
		"jku":  {f.byKey("jku", "http://"+f.listener+"/keys"), f.byKey("jku", "https://"+f.listener+"/keys")},
		"x5u":  {f.byKey("x5u", "http://"+f.listener+"/chain"), f.byKey("x5u", "https://"+f.listener+"/chain")},
		"x5c":  one(f.byKey("x5c", []string{base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&f.rsa.PublicKey))})),
		"crit": one(f.head("crit", []string{"exp"})), "b64false": {f.head("b64", false), f.signed(strings.TrimSuffix(changed(f.header, "b64", false), "}")+`,"crit":["b64"]}`, changed(f.claims, "", nil))},
		"sig-stripped":  {f.signature(func([]byte) string { return "" }), f.access[:strings.LastIndex(f.access, ".")]},
		"sig-truncated": one(f.signature(func(raw []byte) string { return b64(raw[:len(raw)-1]) })), "sig-bitflip": f.flipped(), "sig-malleable": one(f.loose()),
		"padding": one(f.access + "="), "std-base64": one(f.standard()),
		"dup-keys":   {f.inClaims(`"sub":"01999999-0000-7000-8000-000000000000",`, ""), f.inClaims("", `,"sub":"01999999-0000-7000-8000-000000000000"`)},
		"dup-alg":    {f.signed(`{"alg":"none",`+changed(f.header, "", nil)[1:], changed(f.claims, "", nil)), f.signed(strings.TrimSuffix(changed(f.header, "", nil), "}")+`,"alg":"none"}`, changed(f.claims, "", nil))},
		"exp-string": one(f.claim("exp", "never")), "exp-float": one(f.signed(changed(f.header, "", nil), strings.TrimSuffix(changed(f.claims, "exp", nil), "}")+`,"exp":1e400}`)),
		"exp-missing": one(f.claim("exp", nil)), "exp-negative": one(f.claim("exp", -1)), "nbf-future": one(f.claim("nbf", now.Add(time.Hour).Unix())),
		"iat-future": one(f.claim("iat", now.Add(time.Hour).Unix())), "aud-missing": one(f.claim("aud", nil)), "aud-array-other": one(f.claim("aud", []string{"x"})),
		"iss-other": one(f.claim("iss", "other")), "typ-other": {f.head("typ", "JWT"), f.head("typ", nil), f.claim("typ", "id")},
		"sub-missing": one(f.claim("sub", nil)), "sub-other-type": one(f.claim("sub", map[string]any{"id": 1})), "sub-sql": one(f.claim("sub", "' or 1=1--")),
		"sample-secret": {f.under([]byte("your-super-secret-jwt-key")), f.under([]byte("your-super-secret-jwt-key-change-in-production"))},
		"jwe":           {f.jwe(`{"alg":"dir","enc":"A256GCM"}`, []byte("x")), f.jwe(`{"alg":"RSA-OAEP","enc":"A256GCM"}`, []byte("x"))},
		"jwe-zip":       one(f.jwe(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, bytes.Repeat([]byte{0}, 300_000))),
		"many-dots":     one(strings.Repeat(".", 900_000)), "unicode": one(strings.ReplaceAll(f.access, ".", "．")),
		"nested":             one(f.signed(changed(f.header, "cty", "JWT"), `"`+f.access+`"`)),
		"json-serialization": one(f.serialized()),
	}
	for _, kid := range []string{"../../dev/null", "' OR 1=1--", "\x00", "../../../../etc/hostname", strings.Repeat("A", 40)} {
		all["kid:"+kid] = []string{f.head("kid", kid), strings.Replace(f.head("kid", kid), ".", "..", 1)}
	}
	return all
}

// serialized is the right token in its other form, as JSON.
func (f *forger) serialized() string {
	parts := strings.Split(f.access, ".")
	return fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, parts[1], parts[0], parts[2])
}

// TestNoneOfTheKnownTokenAttacksOpensTheServer makes each attack of the list, and wants one and the same refusal for all.
func TestNoneOfTheKnownTokenAttacksOpensTheServer(t *testing.T) {
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/jwt-attacks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ ID, Make string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	eachEngine(t, func(t *testing.T, s *site) {
		canary := listenForCalls(t, "127.0.0.1:0")
		p := s.register("ada")
		f := newForger(p, canary.address)
		p.get("/auth/me", bearer(f.claim("", nil))).status(http.StatusOK) // or what follows would prove nothing
		tokens, others := f.attacks(), f.byHand()
		refused := ""
		count := 0
		want := func(id string, a answer) {
			count++
			if a.fails(http.StatusUnauthorized, "unauthenticated"); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: got %v, want how to sign in", id, a.Header)
			}
			if refused == "" {
				refused = without(a)
			}
			if diff := cmp.Diff(refused, without(a)); diff != "" || t.Failed() {
				t.Fatalf("%s: got %v (-others +this):\n%s", id, a, diff)
			}
		}
		for _, attack := range list {
			if try := others[attack.ID]; try != nil {
				count++
				try(attack.ID, want)
				continue
			}
			made := tokens[attack.ID]
			for id, some := range tokens { // the list has key ids cut short
				if strings.HasPrefix(attack.ID, "kid:") && strings.HasPrefix(id, strings.ReplaceAll(attack.ID, "\\u0000", "\x00")) {
					made = some
				}
			}
			if len(made) == 0 {
				t.Errorf("%s (%s): no such attack is made; add one", attack.ID, attack.Make)
			}
			for _, token := range made {
				a := p.get("/auth/me", bearer(token))
				if a.Status == http.StatusRequestHeaderFieldsTooLarge && len(token) > 64<<10 {
					count++ // refused before anything of it is read
					continue
				}
				want(attack.ID, a)
			}
		}
		if n := canary.calls.Load(); n != 0 || len(list) != 57 {
			t.Errorf("%d attacks of 57; %d calls for a key, want none", len(list), n)
		}
		t.Logf("%s: %d attacks, %d requests, %d calls for a key", s.db.Engine, len(list), count, canary.calls.Load())
	})
}

// byHand are attacks that are more than a token.
func (f *forger) byHand() map[string]func(id string, want func(string, answer)) {
	many := func(values ...string) change {
		return func(r *http.Request) { r.Header["Authorization"] = values }
	}
	right := "Bearer " + f.access
	return map[string]func(string, func(string, answer)){
		"jti-revoked": func(string, func(string, answer)) { // its session ended, which is said in other words
			gone := f.register("gone")
			gone.post("/auth/logout", nil).status(http.StatusNoContent)
			gone.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		},
		"weak-secrets": func(id string, want func(string, answer)) { // all of them are tried beside the code; these are long enough to be taken for a key
			for i, secret := range weakSecrets(f.t) {
				if i%50 == 0 && len(secret) >= 32 {
					want(id, f.get("/auth/me", bearer(f.under([]byte(secret)))))
				}
			}
		},
		"huge": func(string, func(string, answer)) {
			if got := f.rawStatus("Bearer " + strings.Repeat("A", 8<<20)); got != http.StatusRequestHeaderFieldsTooLarge && got != http.StatusUnauthorized {
				f.t.Errorf("got %d for 8 MiB, want 431", got)
			}
		},
		"two-headers": func(id string, want func(string, answer)) {
			want(id, f.get("/auth/me", many(right, "Bearer x")))
			want(id, f.get("/auth/me", many("Bearer x", right)))
			want(id, f.get("/auth/me", many(right, right)))
		},
		"comma": func(id string, want func(string, answer)) {
			want(id, f.get("/auth/me", many(right+", Bearer b")))
			want(id, f.get("/auth/me", many("Bearer b, "+right)))
		},
		"lowercase-scheme": func(string, func(string, answer)) {
			f.get("/auth/me", header("Authorization", "bearer "+f.access)).status(http.StatusOK)
		},
		"basic": func(id string, want func(string, answer)) {
			want(id, f.get("/auth/me", header("Authorization", "Basic "+f.access)))
			want(id, f.get("/auth/me", header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(f.email+":"+f.password)))))
		},
		"newline": func(id string, want func(string, answer)) {
			want(id, f.get("/auth/me", header("Authorization", "Bearer "+f.access[:40]+"\t"+f.access[40:])))
			for _, at := range []string{"\r\n ", "\n ", "\r", "\n"} {
				if got := f.rawStatus("Bearer " + f.access[:40] + at + f.access[40:]); got != http.StatusUnauthorized && got != http.StatusBadRequest {
					f.t.Errorf("got %d for a token with %q in it, want 401 or 400", got, at)
				}
			}
		},
	}
}

// rawStatus sends a request with a header that no client would send. The server may hang up before it has all of it.
func (s *site) rawStatus(authorization string) (status int) {
	s.t.Helper()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "GET /api/auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "+authorization+"\r\n\r\n")
	head := make([]byte, 64)
	n, _ := io.ReadFull(conn, head)
	_, _ = fmt.Sscanf(string(head[:n]), "HTTP/1.1 %d", &status)
	return status
}

// weakSecrets are known to everybody who looks for them.
func weakSecrets(t testing.TB) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(string(sharedtest.Unpack(t, "security/corpora/jwt-weak-secrets-MIT.txt.xz")), "\n"), "\n")
}

// callCounter is somebody who counts who connects to them.
type callCounter struct {
	address string
	calls   atomic.Int64
}

// listenForCalls listens until the test is over.
func listenForCalls(t *testing.T, address string) *callCounter {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("nobody can listen on %s here: %v", address, err)
	}
	c := &callCounter{address: listener.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.calls.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return c
}

func TestTheKeysUnderTestAreNoKnownOnes(t *testing.T) {
	weak := weakSecrets(t)
	for _, key := range []string{jwtSecret, encryptionKey, hashKey, clientSecret, modelKey} {
		if slices.Contains(weak, key) {
			t.Errorf("%q is a key that everybody knows", key)
		}
	}
	if len(weak) < 100_000 {
		t.Errorf("got %d known keys, want over 100,000", len(weak))
	}
}
