package user

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Listed is a person as an operator sees them.
type Listed struct {
	Email       string
	Role        Role
	CreatedAt   time.Time
	LastLoginAt *time.Time
	DisabledAt  *time.Time // nil for those who may sign in
}

// List is everybody, in the order in which they came. It is for the operator.
func (s *Service) List(ctx context.Context) ([]Listed, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `
		select email, role, created_at, last_login_at, disabled_at from users order by created_at, id`)
	return db.Collect(rows, err, func(scan func(...any) error) (l Listed, err error) {
		err = scan(&l.Email, &l.Role, &l.CreatedAt, &l.LastLoginAt, &l.DisabledAt)
		return l, err
	})
}
