package app

import "github.com/jaspers-ai/jaspers/internal/vault"

// SealedColumns is the list of what is rotated.
func SealedColumns() []vault.Column { return sealedColumns() }
