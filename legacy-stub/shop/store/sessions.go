package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// SessionLife is how long a session counts after it began.
const SessionLife = 30 * 24 * time.Hour

// Session is a visitor: a cart, and an account once logged in.
type Session struct {
	TokenHash string
	CSRFToken string
	CartID    int64
	Flash     string    // "kind|text" or ""
	BeganAt   time.Time // a user's session begins with the login
	ExpiresAt time.Time
	User      *User // nil: a guest; without the password's hash
}

// HashToken is the form in which a session's token is stored: SHA-256 in hex over the cookie's value as it stands.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Session finds the session of a token while it counts, or ErrNotFound.
func (s *Store) Session(ctx context.Context, token string) (Session, error) {
	x := Session{TokenHash: HashToken(token)}
	var began, expires int64
	var id, created sql.NullInt64
	var email, name, role sql.NullString
	err := s.reader().row(ctx, `SELECT x.csrf_token, x.cart_id, x.flash, x.created_at, x.expires_at, u.id, u.email, u.name, u.role, u.created_at
		FROM sessions x LEFT JOIN users u ON u.id = x.user_id WHERE x.token_hash = ? AND x.expires_at > ?`, x.TokenHash, s.nowMillis()).
		Scan(&x.CSRFToken, &x.CartID, &x.Flash, &began, &expires, &id, &email, &name, &role, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, ErrNotFound
	}
	if err != nil {
		return Session{}, fmt.Errorf("reading a session: %w", err)
	}
	x.BeganAt, x.ExpiresAt = fromMillis(began), fromMillis(expires)
	if id.Valid {
		x.User = &User{ID: id.Int64, Email: email.String, Name: name.String, Role: role.String, CreatedAt: fromMillis(created.Int64)}
	}
	return x, nil
}

// StartSession begins a guest's session with an empty cart.
func (s *Store) StartSession(ctx context.Context, token, csrf string) (Session, error) {
	x := Session{TokenHash: HashToken(token), CSRFToken: csrf, BeganAt: s.now(), ExpiresAt: s.now().Add(SessionLife)}
	err := s.update(ctx, "starting a session", func(q querier) error {
		var err error
		if x.CartID, err = insertCart(ctx, q, 0, s.nowMillis()); err != nil {
			return err
		}
		return s.insertSession(ctx, q, x)
	})
	return x, err
}

// Login puts a new session, with a new token and the user's cart, in the place of a guest's session. What the guest had in the cart is
// added to the user's. The old session ends, so a token that was known before the login is worth nothing after it.
func (s *Store) Login(ctx context.Context, guest Session, userID int64, token, csrf string) (Session, error) {
	x := Session{TokenHash: HashToken(token), CSRFToken: csrf, BeganAt: s.now(), ExpiresAt: s.now().Add(SessionLife)}
	err := s.update(ctx, fmt.Sprintf("logging user %d in", userID), func(q querier) error {
		// The update is also the lock that keeps two logins from making two carts.
		if err := oneRow(q.exec(ctx, "UPDATE users SET last_login_at = ? WHERE id = ?", s.nowMillis(), userID)); err != nil {
			return err
		}
		if _, err := q.exec(ctx, "DELETE FROM sessions WHERE token_hash = ?", guest.TokenHash); err != nil {
			return err
		}
		cart, err := s.userCart(ctx, q, userID)
		if err != nil {
			return err
		}
		if guest.User == nil {
			if err := s.mergeCart(ctx, q, guest.CartID, cart); err != nil {
				return err
			}
		}
		u, err := scanUser(q.row(ctx, "SELECT "+userColumns+" FROM users u WHERE u.id = ?", userID))
		if err != nil {
			return err
		}
		u.PasswordHash = ""
		x.User, x.CartID = &u, cart
		return s.insertSession(ctx, q, x)
	})
	return x, err
}

func (s *Store) insertSession(ctx context.Context, q querier, x Session) error {
	var user int64
	if x.User != nil {
		user = x.User.ID
	}
	_, err := q.exec(ctx, "INSERT INTO sessions (token_hash, user_id, cart_id, csrf_token, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
		x.TokenHash, nullID(user), x.CartID, x.CSRFToken, millis(x.BeganAt), millis(x.ExpiresAt))
	return err
}

// EndSession forgets a session. A guest's cart goes with it, a user's stays. A session that is not there is no error.
func (s *Store) EndSession(ctx context.Context, x Session) error {
	return s.update(ctx, "ending a session", func(q querier) error {
		if _, err := q.exec(ctx, "DELETE FROM sessions WHERE token_hash = ?", x.TokenHash); err != nil || x.User != nil {
			return err
		}
		return dropGuestCart(ctx, q, x.CartID)
	})
}

// SetFlash leaves a message ("kind|text") for the session's next page; "" takes it away.
func (s *Store) SetFlash(ctx context.Context, x Session, flash string) error {
	return s.update(ctx, "leaving a message", func(q querier) error {
		_, err := q.exec(ctx, "UPDATE sessions SET flash = ? WHERE token_hash = ?", flash, x.TokenHash)
		return err
	})
}

// SweepSessions forgets sessions that no longer count, and the guest carts that nobody can reach any more. It returns the number of
// sessions forgotten.
func (s *Store) SweepSessions(ctx context.Context) (n int64, err error) {
	err = s.update(ctx, "sweeping sessions", func(q querier) error {
		now := s.nowMillis()
		if n, err = q.exec(ctx, "DELETE FROM sessions WHERE expires_at <= ?", now); err != nil {
			return err
		}
		_, err := q.exec(ctx, `DELETE FROM carts WHERE user_id IS NULL AND updated_at < ?
			AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.cart_id = carts.id)`, now-SessionLife.Milliseconds())
		return err
	})
	return n, err
}
