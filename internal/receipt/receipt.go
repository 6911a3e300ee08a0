// Package receipt takes the fingerprint of everything an answer rests on, part by part, so that a change of any of it is found later.
package receipt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Print is the fingerprint of one part.
type Print struct {
	Part   string `json:"part" doc:"question, answer, or a tool call by its handle"`
	SHA256 string `json:"sha256" doc:"Of the part as JSON, in hexadecimal"`
}

// Prints are the fingerprints of an answer's parts, in their order.
type Prints []Print

// Take adds the fingerprint of a part: of its JSON, in which the fields of structs have one order.
func (p *Prints) Take(part string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("the part %s of a receipt: %w", part, err)
	}
	sum := sha256.Sum256(text)
	*p = append(*p, Print{part, hex.EncodeToString(sum[:])})
	return nil
}

// Changed names the parts that are not as they were, those gone or new among them, in the order of then; none where all
// is the same.
func Changed(then, now Prints) []string {
	changed := []string{}
	for _, p := range then {
		if !slices.Contains(now, p) {
			changed = append(changed, p.Part)
		}
	}
	for _, p := range now {
		added := func(q Print) bool { return q.Part == p.Part }
		if !slices.ContainsFunc(then, added) {
			changed = append(changed, p.Part)
		}
	}
	return changed
}
