package claude

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go"
)

// Probe asks the least that shows whether the model's server answers: for its list of models, which costs no tokens. A
// server without one answers, too. An error is a *fault.Error.
func (m *Model) Probe(ctx context.Context) error {
	_, err := m.models.List(ctx, anthropic.ModelListParams{Limit: anthropic.Int(1)})
	if err == nil || noSuchRoute(err) {
		return nil
	}
	return turnFault(ctx, err)
}
