// Package user keeps the people who use the server: who they are and what they are called.
package user

import (
	"context"
	"database/sql"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Role is what a person may do beside using their own account.
type Role string

// The roles. The first person of an installation is its admin.
const (
	Member Role = "member"
	Admin  Role = "admin"
)

// User is one person. Email is in canonical form.
type User struct {
	ID            string     `json:"id" format:"uuid"`
	Email         string     `json:"email" format:"email"`
	EmailVerified bool       `json:"emailVerified" doc:"Whether they have shown that mail to the address reaches them."`
	Role          Role       `json:"role" enum:"member,admin"`
	FirstName     *string    `json:"firstName"`
	LastName      *string    `json:"lastName"`
	CreatedAt     time.Time  `json:"createdAt"`
	UpdatedAt     time.Time  `json:"updatedAt"`
	LastLoginAt   *time.Time `json:"lastLoginAt"`
}

// Service reads and changes people's profiles.
type Service struct {
	DB    *db.DB
	Now   func() time.Time
	Audit *audit.Log
}

// Changes are the fields of a profile to change; nil leaves one as it is, an empty name takes it away.
type Changes struct {
	FirstName *string
	LastName  *string
}

// Get finds a person; NotFound where there is none.
func (s *Service) Get(ctx context.Context, id string) (User, error) {
	return find(ctx, s.DB.Read(), id)
}

// FindByEmail finds a person by their address in canonical form; NotFound where there is none.
func (s *Service) FindByEmail(ctx context.Context, email string) (User, error) {
	return one(s.DB.Read().QueryRowContext(ctx, `select `+Columns+` from users where email = $1`, email))
}

// Update changes a profile and returns it as it is now.
func (s *Service) Update(ctx context.Context, id string, changes Changes) (User, error) {
	var u User
	err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if u, err = find(ctx, tx, id); err != nil {
			return err
		}
		if changes.FirstName != nil {
			u.FirstName = Name(changes.FirstName)
		}
		if changes.LastName != nil {
			u.LastName = Name(changes.LastName)
		}
		u.UpdatedAt = db.Time(s.Now())
		_, err = tx.ExecContext(ctx, `update users set first_name = $2, last_name = $3, updated_at = $4 where id = $1`,
			id, u.FirstName, u.LastName, u.UpdatedAt)
		if err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, audit.Event{Action: audit.ChangeProfile, UserID: id})
	})
	return u, err
}

// Insert adds a person with the hash of their password, and returns them with their role: the first one becomes the
// installation's admin. An address that is there already is an EmailTaken.
func Insert(ctx context.Context, tx db.Querier, u User, passwordHash string) (User, error) {
	u.Role = Member
	first, err := claimAdmin(ctx, tx, u.CreatedAt)
	if err != nil {
		return u, err
	}
	if first {
		u.Role = Admin
	}
	_, err = tx.ExecContext(ctx, `
		insert into users (id, email, role, password_hash, first_name, last_name, created_at, updated_at, last_login_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		u.ID, u.Email, u.Role, passwordHash, u.FirstName, u.LastName, u.CreatedAt, u.UpdatedAt, u.LastLoginAt)
	if db.IsUniqueViolation(err) {
		return u, fault.Wrap(fault.EmailTaken, err, "this e-mail address is already registered; sign in instead")
	}
	return u, err
}

// claimAdmin reports true to the first who asks and commits. Others at the same moment wait for that, later ones do not.
func claimAdmin(ctx context.Context, tx db.Querier, now time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `update installation set admin_claimed_at = $1 where id = 1 and admin_claimed_at is null`, now)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func find(ctx context.Context, q db.Querier, id string) (User, error) {
	return one(q.QueryRowContext(ctx, `select `+Columns+` from users where id = $1`, id))
}

func one(row *sql.Row) (User, error) {
	u, err := Scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return u, fault.New(fault.NotFound, "no such user")
	}
	return u, err
}

// Columns are those of the users table that make a User, in the order Scan reads them.
const Columns = `id, email, email_verified_at is not null, role, first_name, last_name, created_at, updated_at, last_login_at`

// Scan reads a row of Columns; sql.ErrNoRows where there is none.
func Scan(row *sql.Row) (u User, err error) {
	err = row.Scan(&u.ID, &u.Email, &u.EmailVerified, &u.Role, &u.FirstName, &u.LastName, &u.CreatedAt, &u.UpdatedAt, &u.LastLoginAt)
	return u, err
}

// MaxName is how many characters a name may have.
const MaxName = 100

// maxEmail is the longest address mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets).
const maxEmail = 254

// CanonicalEmail is the one spelling of an address that is stored and compared: trimmed and in lower case.
// It reports false for what is no plain address.
func CanonicalEmail(address string) (string, bool) {
	address = strings.ToLower(strings.TrimSpace(address))
	parsed, err := mail.ParseAddress(address)
	ok := err == nil && parsed.Address == address && len(address) <= maxEmail &&
		!strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	return address, ok
}

// Name is a name as it is stored: without blanks around it and control characters in it, nil when nothing is left.
func Name(name *string) *string {
	if name == nil {
		return nil
	}
	trimmed := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, *name))
	if trimmed == "" {
		return nil
	}
	return &trimmed
}
