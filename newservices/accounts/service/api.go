package service

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
)

// schema is what the accounts need of the database.
func schema() legacydb.Schema {
	return legacydb.Schema{
		"users":  {"id", "email", "name", "role", "created_at"},
		"orders": {"user_id"},
	}
}

func (s *Service) routes() map[string]shopapi.HandlerFunc {
	return map[string]shopapi.HandlerFunc{"GET /api/account": shopapi.Customer(s.get)}
}

// account is what the shop knows of a customer, as JSON has it.
type account struct {
	ID          int64     `json:"id"`
	Email       string    `json:"email"`
	Name        string    `json:"name"`
	Role        string    `json:"role"`
	MemberSince time.Time `json:"member_since"`
	Orders      int       `json:"orders"`
	shopapi.Stamp
}

func (s *Service) get(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	a, err := s.account(r.Context(), v.Caller.UserID)
	if errors.Is(err, legacydb.ErrNotFound) {
		return shopapi.NoAccount()
	}
	if err != nil {
		return err
	}
	a.Stamp = s.api.Stamp()
	s.api.WriteJSON(w, r, http.StatusOK, a)
	return nil
}

// maxOrders is how far the monolith counts a customer's orders.
const maxOrders = 1000

// account reads the account of a user, or ErrNotFound.
func (s *Service) account(ctx context.Context, id int64) (account, error) {
	a := account{ID: id}
	var created int64
	err := s.db.Reader().Row(ctx, `SELECT u.email, u.name, u.role, u.created_at, (SELECT COUNT(*) FROM orders o WHERE o.user_id = u.id)
		FROM users u WHERE u.id = ?`, id).Scan(&a.Email, &a.Name, &a.Role, &created, &a.Orders)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, legacydb.ErrNotFound
	}
	if err != nil {
		return account{}, fmt.Errorf("reading the account of user %d: %w", id, err)
	}
	a.MemberSince, a.Orders = time.UnixMilli(created).UTC(), min(a.Orders, maxOrders)
	return a, nil
}
