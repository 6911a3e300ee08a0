package sim

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// What the vendor's documentation says of its prompt cache.
const (
	cacheLifetime = 5 * time.Minute // renewed by each use
	cacheMinimum  = 512             // tokens; a shorter prompt is silently not kept
	cacheLookBack = 20              // blocks before a mark at which an older entry is looked for
)

// claudeUsage counts tokens as the vendor reports them: Input is only what the cache had no part in.
type claudeUsage struct {
	Input      int `json:"input_tokens"`
	CacheWrite int `json:"cache_creation_input_tokens"`
	CacheRead  int `json:"cache_read_input_tokens"`
	Output     int `json:"output_tokens"`
}

// promptPart is one block of the prompt in the order the cache sees them: tools, system, messages. Its bytes are
// without the cache mark, since where the marks stand makes no difference to what a prefix is.
type promptPart struct {
	bytes  []byte
	role   string
	marked bool
}

func (r *claudeRequest) parts() []promptPart {
	var parts []promptPart
	for _, t := range r.Tools {
		parts = append(parts, promptPart{unmarked(t.raw), "tool", t.CacheControl != nil})
	}
	add := func(role string, content claudeContent) {
		for _, b := range content {
			parts = append(parts, promptPart{unmarked(b.raw), role, b.CacheControl != nil})
		}
	}
	add("system", r.System)
	for _, m := range r.Messages {
		add(m.Role, m.Content)
	}
	// The setting on the request itself marks the last block.
	if r.CacheControl != nil && len(parts) > 0 {
		parts[len(parts)-1].marked = true
	}
	return parts
}

// promptTokens is how long the prompt is.
func (r *claudeRequest) promptTokens() int {
	bytes := 0
	for _, p := range r.parts() {
		bytes += len(p.bytes)
	}
	return tokenCount(bytes)
}

// prefix identifies a prompt up to one of its blocks.
type prefix [sha256.Size]byte

// promptCache remembers which prefixes were marked by earlier requests.
type promptCache struct {
	mu      sync.Mutex
	expires map[prefix]time.Time
}

// charge says what a request costs and keeps what it marks. Output is not counted yet.
func (c *promptCache) charge(req *claudeRequest, now time.Time) claudeUsage {
	parts := req.parts()
	prefixes, sizes := prefixesOf(req.Model, parts)
	whole := req.promptTokens()

	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.expires, func(_ prefix, at time.Time) bool { return !at.After(now) })
	if c.expires == nil {
		c.expires = map[prefix]time.Time{}
	}
	read, marked := 0, 0
	var keep []prefix
	for i, part := range parts {
		if !part.marked || sizes[i] < cacheMinimum {
			continue
		}
		marked = sizes[i]
		keep = append(keep, prefixes[i])
		for j := i; j >= max(0, i-cacheLookBack); j-- {
			if _, hit := c.expires[prefixes[j]]; hit {
				read = max(read, sizes[j])
				c.expires[prefixes[j]] = now.Add(cacheLifetime)
				break
			}
		}
	}
	for _, p := range keep {
		c.expires[p] = now.Add(cacheLifetime)
	}
	return claudeUsage{Input: whole - max(read, marked), CacheWrite: max(0, marked-read), CacheRead: read}
}

// prefixesOf identifies the prompt up to each of its parts, with the tokens up to there.
func prefixesOf(model string, parts []promptPart) ([]prefix, []int) {
	prefixes, sizes := make([]prefix, len(parts)), make([]int, len(parts))
	last, bytes := prefix(sha256.Sum256([]byte(model))), 0
	for i, part := range parts {
		hash := sha256.New()
		hash.Write(last[:])
		hash.Write([]byte(part.role + "\n"))
		hash.Write(part.bytes)
		last = prefix(hash.Sum(nil))
		bytes += len(part.bytes)
		prefixes[i], sizes[i] = last, tokenCount(bytes)
	}
	return prefixes, sizes
}

// unmarked is a block without its cache mark. The bytes of nested values, such as a tool's input, stay as they came.
func unmarked(raw json.RawMessage) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return raw // a plain text
	}
	delete(fields, "cache_control")
	out, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return out
}
