package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// grant is what a customer allowed.
type grant struct {
	Customer string   `json:"c"`
	Envs     []string `json:"e"`
	Scope    string   `json:"s"`
	// Serial grows with every token, also over restarts of the process.
	Serial int64 `json:"n"`
}

// tokens are access tokens that carry their grant, signed with the world's seed: the simulator keeps nothing of them, so
// that they are still good after it was started again, as a real brokerage's are.
type tokens struct {
	mu      sync.Mutex
	serial  int64
	revoked map[string]int64 // by customer, the last serial that is no longer good
}

// next is a serial above all before it.
func (t *tokens) next() int64 {
	t.serial = max(t.serial+1, time.Now().UnixNano())
	return t.serial
}

// issue makes a token for a grant.
func (t *tokens) issue(seed uint64, g grant) string {
	t.mu.Lock()
	g.Serial = t.next()
	t.mu.Unlock()
	text, err := json.Marshal(g)
	if err != nil {
		panic("sim: a grant of plain values does not print: " + err.Error())
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + signature(seed, body)
}

// owner is who gave the token, and for what.
func (t *tokens) owner(seed uint64, token string) (g grant, ok bool) {
	body, mac, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(mac), []byte(signature(seed, body))) {
		return g, false
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(text, &g) != nil {
		return g, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return g, g.Serial > t.revoked[g.Customer]
}

func (t *tokens) revoke(customer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.revoked == nil {
		t.revoked = map[string]int64{}
	}
	t.revoked[customer] = t.next()
}

func signature(seed uint64, body string) string {
	mac := hmac.New(sha256.New, binary.BigEndian.AppendUint64(nil, seed))
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
