package legacydb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// SessionLife is how long a session counts after it began, whatever happens in it.
const SessionLife = 30 * 24 * time.Hour

// Session is what a service needs to know of a visitor: whose cart it is. The monolith sees to it that
// a user's sessions share one cart and that a guest's cart joins the user's at login.
type Session struct {
	CartID int64
}

// SessionSchema is what [Sessions] needs of the database.
func SessionSchema() Schema {
	return Schema{
		"sessions": {"token_hash", "user_id", "cart_id", "csrf_token", "created_at", "expires_at"},
		"carts":    {"id", "user_id", "version", "created_at", "updated_at"},
	}
}

// Sessions finds and starts sessions in the monolith's tables, in the monolith's way: a session that one
// side starts is a session on the other. Its methods may be called concurrently.
type Sessions struct {
	db   *DB
	now  func() time.Time
	mu   sync.Mutex // guards rand
	rand io.Reader
}

// NewSessions needs a clock and a source of random bytes, which is read by one goroutine at a time.
func NewSessions(db *DB, now func() time.Time, rand io.Reader) *Sessions {
	return &Sessions{db: db, now: now, rand: rand}
}

// Find finds the session of a token while it counts, or ErrNotFound.
func (s *Sessions) Find(ctx context.Context, token string) (Session, error) {
	var x Session
	err := s.db.Reader().Row(ctx, "SELECT cart_id FROM sessions WHERE token_hash = ? AND expires_at > ?",
		hashToken(token), s.now().UnixMilli()).Scan(&x.CartID)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, ErrNotFound
	}
	if err != nil {
		return Session{}, fmt.Errorf("reading a session: %w", err)
	}
	return x, nil
}

// Start begins a guest's session with an empty cart and returns its token: 64 hexadecimal digits for
// the visitor's cookie, of which the database keeps only a hash.
func (s *Sessions) Start(ctx context.Context) (token string, x Session, err error) {
	token, csrf, err := s.tokens()
	if err != nil {
		return "", Session{}, err
	}
	now := s.now().UnixMilli()
	err = s.db.Update(ctx, "starting a session", func(q Querier) error {
		err := q.Row(ctx, "INSERT INTO carts (created_at, updated_at) VALUES (?, ?) RETURNING id", now, now).
			Scan(&x.CartID)
		if err != nil {
			return err
		}
		_, err = q.Exec(ctx, `INSERT INTO sessions (token_hash, cart_id, csrf_token, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?)`, hashToken(token), x.CartID, csrf, now, now+SessionLife.Milliseconds())
		return err
	})
	if err != nil {
		return "", Session{}, err
	}
	return token, x, nil
}

// tokens are two times 256 random bits: for the cookie, and for the monolith's forms.
func (s *Sessions) tokens() (token, csrf string, err error) {
	var b [64]byte
	s.mu.Lock()
	_, err = io.ReadFull(s.rand, b[:])
	s.mu.Unlock()
	if err != nil {
		return "", "", fmt.Errorf("reading random bytes: %w", err)
	}
	return hex.EncodeToString(b[:32]), hex.EncodeToString(b[32:]), nil
}

// hashToken is the form in which the monolith stores a token: SHA-256 over the cookie's value as it
// stands, in hex.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// TakeFlash takes the message ("kind|text") that the monolith left in a user's session for its next page;
// "" if there is none, or no such session of that user.
func (s *Sessions) TakeFlash(ctx context.Context, token string, userID int64) (flash string, err error) {
	hash := hashToken(token)
	err = s.db.Reader().Row(ctx, "SELECT flash FROM sessions WHERE token_hash = ? AND user_id = ? AND expires_at > ?",
		hash, userID, s.now().UnixMilli()).Scan(&flash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a session's message: %w", err)
	}
	if flash == "" {
		return "", nil
	}
	return flash, s.db.Update(ctx, "forgetting a session's message", func(q Querier) error {
		_, err := q.Exec(ctx, "UPDATE sessions SET flash = '' WHERE token_hash = ? AND flash = ?", hash, flash)
		return err
	})
}
