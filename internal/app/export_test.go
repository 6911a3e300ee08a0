package app

import (
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// SealedColumns is the list of what is rotated.
func SealedColumns() []vault.Column { return sealedColumns() }

// Queue is what does the server's background work.
func (a *App) Queue() *job.Queue { return a.jobs }
