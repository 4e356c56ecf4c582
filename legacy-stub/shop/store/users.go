package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Roles of a user.
const (
	RoleCustomer = "customer"
	RoleAdmin    = "admin"
)

// User is an account.
type User struct {
	ID           int64
	Email        string // lower case
	Name         string
	PasswordHash string
	Role         string
	CreatedAt    time.Time
}

// NormalEmail is the form in which an e-mail address is stored and looked up.
func NormalEmail(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

const userColumns = "u.id, u.email, u.name, u.password_hash, u.role, u.created_at"

func scanUser(row *sql.Row) (User, error) {
	var u User
	var created int64
	err := row.Scan(&u.ID, &u.Email, &u.Name, &u.PasswordHash, &u.Role, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("reading a user: %w", err)
	}
	u.CreatedAt = fromMillis(created)
	return u, nil
}

// UserByEmail finds an account, or ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return scanUser(s.reader().row(ctx, "SELECT "+userColumns+" FROM users u WHERE u.email = ?", NormalEmail(email)))
}

// User finds an account by id, or ErrNotFound.
func (s *Store) User(ctx context.Context, id int64) (User, error) {
	return scanUser(s.reader().row(ctx, "SELECT "+userColumns+" FROM users u WHERE u.id = ?", id))
}

// AddUser makes an account and returns it as stored; ErrEmailTaken if there is one.
func (s *Store) AddUser(ctx context.Context, u User) (User, error) {
	u.ID, u.Email, u.CreatedAt = 0, NormalEmail(u.Email), s.now()
	err := s.update(ctx, "adding an account", func(q querier) error {
		id, err := insertUser(ctx, q, u)
		u.ID = id
		return err
	})
	return u, err
}

// RenameUser changes the name of an account.
func (s *Store) RenameUser(ctx context.Context, id int64, name string) error {
	return s.update(ctx, fmt.Sprintf("renaming user %d", id), func(q querier) error {
		return oneRow(q.exec(ctx, "UPDATE users SET name = ? WHERE id = ?", name, id))
	})
}

func insertUser(ctx context.Context, q querier, u User) (int64, error) {
	id, err := insert(ctx, q, "users", u.ID, []field{
		{"email", u.Email}, {"name", u.Name}, {"password_hash", u.PasswordHash}, {"role", u.Role}, {"created_at", millis(u.CreatedAt)},
	})
	if q.isDuplicate(err) {
		return 0, ErrEmailTaken
	}
	return id, err
}
