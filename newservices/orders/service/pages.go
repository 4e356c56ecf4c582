package service

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
	"ficus/newservices/orders/internal/page"
)

// page makes a handler of a page: who is not logged in is sent to the monolith's login and back, and an
// error is a page too.
func (s *Service) page(handle shopapi.HandlerFunc) shopapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
		switch {
		case !v.Known:
			s.api.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()))
			return nil
		case v.Caller.UserID == 0:
			return shopapi.NoAccount()
		}
		err := handle(w, r, v)
		if err == nil {
			return nil
		}
		f := s.api.FailureOf(r, err)
		title := http.StatusText(f.Status)
		if f.Status == http.StatusNotFound {
			title = "Not found"
		}
		return s.show(w, r, v, f.Status, "failure.html", title, map[string]any{"Status": f.Status, "Message": f.Message})
	}
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	list, err := s.ordersOf(r.Context(), v.Caller.UserID, listed)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "orders.html", "Your orders", map[string]any{"Orders": list})
}

func (s *Service) orderPage(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	o, err := s.ownOrder(r, v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "order.html", fmt.Sprintf("Order %d", o.ID), map[string]any{"Order": o})
}

// show answers with a page. It shows the visitor's message, if the monolith left one, and then forgets it.
func (s *Service) show(w http.ResponseWriter, r *http.Request, v shopapi.Visit, status int, name, title string, body any) error {
	f, err := s.frame(r.Context(), v.Caller)
	if err != nil {
		return err
	}
	if f.Flash, err = s.sessions.TakeFlash(r.Context(), shopapi.SessionToken(r), v.Caller.UserID); err != nil {
		return err
	}
	f.Title, f.Body = title, body
	var text bytes.Buffer
	if err := s.pages.Render(&text, name, f); err != nil {
		return err
	}
	s.api.WritePage(w, r, status, text.Bytes())
	return nil
}

// frameSchema is what the pages need of the database around what they show.
func frameSchema() legacydb.Schema {
	return legacydb.Schema{
		"users":      {"id", "name"},
		"categories": {"slug", "name", "position"},
		"cart_items": {"cart_id", "product_id", "quantity"},
		"products":   {"id", "deleted_at"},
		"sessions":   {"flash"},
	}
}

// frame is what every page shows around its body.
func (s *Service) frame(ctx context.Context, who shopapi.Caller) (page.Frame, error) {
	f := page.Frame{Admin: who.Admin}
	err := s.db.Snapshot(ctx, "reading what is around a page", func(q legacydb.Querier) error {
		err := q.Row(ctx, "SELECT name FROM users WHERE id = ?", who.UserID).Scan(&f.User)
		if errors.Is(err, sql.ErrNoRows) {
			return shopapi.NoAccount()
		}
		if err != nil {
			return err
		}
		err = q.Row(ctx, `SELECT CAST(COALESCE(SUM(i.quantity), 0) AS BIGINT) FROM carts c JOIN cart_items i ON i.cart_id = c.id
			JOIN products p ON p.id = i.product_id WHERE c.user_id = ? AND p.deleted_at IS NULL`, who.UserID).Scan(&f.CartCount)
		if err != nil {
			return err
		}
		return q.Each(ctx, func(scan legacydb.Scan) error {
			var c page.Category
			err := scan(&c.Slug, &c.Name)
			f.Categories = append(f.Categories, c)
			return err
		}, "SELECT slug, name FROM categories ORDER BY position")
	})
	return f, err
}
