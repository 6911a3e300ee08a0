package portfolio

import "context"

// Overview is the whole portfolio at one moment: the summary adds up the holdings beside it.
type Overview struct {
	Summary  Summary   `json:"summary"`
	Holdings []Holding `json:"holdings"`
}

// Overview reads the summary and the holdings together, so that no sync comes between them; order and warnings as in
// Holdings.
func (s *Service) Overview(ctx context.Context, userID string) (Overview, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Overview{}, nil, err
	}
	return Overview{b.summary(), b.holdings()}, b.warnings(), nil
}

// MaskAccount keeps the last four characters of an account's number, of a short one the last half: enough for its owner
// to tell accounts apart, and all that anybody else gets to see.
func MaskAccount(number string) string {
	characters := []rune(number)
	return "…" + string(characters[len(characters)-min(4, len(characters)/2):])
}
