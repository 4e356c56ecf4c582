package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSessionLife(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		began := guest(t, s, "token")
		got := must(s.Session(t.Context(), "token"))(t)
		if diff := cmp.Diff(began.CartID, got.CartID); diff != "" || got.User != nil || got.CSRFToken != "csrf-token" {
			t.Errorf("session is %+v, want the guest's with cart %d", got, began.CartID)
		}
		if _, err := s.Session(t.Context(), HashToken("token")); !errors.Is(err, ErrNotFound) {
			t.Errorf("the stored hash opens the session: %v", err)
		}
		c.Add(SessionLife)
		if _, err := s.Session(t.Context(), "token"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an old session: %v, want ErrNotFound", err)
		}
		c.Add(time.Second)
		if n := must(s.SweepSessions(t.Context()))(t); n != 1 {
			t.Errorf("swept %d sessions, want 1", n)
		}
		if _, err := s.Cart(t.Context(), began.CartID); !errors.Is(err, ErrNotFound) {
			t.Errorf("the cart of a swept guest: %v, want ErrNotFound", err)
		}
	})
}

func TestLoginMergesCarts(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx := t.Context()
		g := guest(t, s, "guest 1")
		must(s.AddToCart(ctx, g.CartID, 1, 2))(t)
		first := must(s.Login(ctx, g, 1, "user 1", "csrf 1"))(t)
		if c := must(s.Cart(ctx, first.CartID))(t); !cmp.Equal(lines(c), []string{"CUP-1×2"}) {
			t.Errorf("after the first login the cart holds %v", lines(c))
		}
		if _, err := s.Session(ctx, "guest 1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the guest's token still opens a session: %v", err)
		}
		if _, err := s.Cart(ctx, g.CartID); !errors.Is(err, ErrNotFound) {
			t.Errorf("the guest's cart is still there: %v", err)
		}
		got := must(s.Session(ctx, "user 1"))(t)
		if got.User == nil || got.User.Email != "ann@example.com" || got.User.PasswordHash != "" {
			t.Errorf("session's user is %+v", got.User)
		}

		if err := s.SetStock(ctx, 1, 99); err != nil {
			t.Fatal(err)
		}
		other := guest(t, s, "guest 2")
		must(s.AddToCart(ctx, other.CartID, 4, 1))(t)
		must(s.AddToCart(ctx, other.CartID, 1, 98))(t)
		second := must(s.Login(ctx, other, 1, "user 2", "csrf 2"))(t)
		if second.CartID != first.CartID {
			t.Errorf("the second device has cart %d, the first %d", second.CartID, first.CartID)
		}
		if c := must(s.Cart(ctx, second.CartID))(t); !cmp.Equal(lines(c), []string{"CUP-1×99", "HAT-2×1"}) {
			t.Errorf("after the second login the cart holds %v", lines(c))
		}
		if err := s.EndSession(ctx, second); err != nil {
			t.Fatal(err)
		}
		if c := must(s.Cart(ctx, first.CartID))(t); c.Count() != 100 {
			t.Errorf("after the logout the user's cart holds %d pieces, want 100", c.Count())
		}
	})
}

func TestEndGuestSession(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		x := guest(t, s, "a")
		for range 2 { // the second time there is nothing to end
			if err := s.EndSession(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Cart(t.Context(), x.CartID); !errors.Is(err, ErrNotFound) {
			t.Errorf("the cart is still there: %v", err)
		}
	})
}

func TestFlash(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		x := guest(t, s, "a")
		if err := s.SetFlash(t.Context(), x, "success|Well done"); err != nil {
			t.Fatal(err)
		}
		if got := must(s.Session(t.Context(), "a"))(t); got.Flash != "success|Well done" {
			t.Errorf("flash %q", got.Flash)
		}
	})
}

func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		added := must(s.AddUser(t.Context(), User{Email: " Cid@Example.com ", Name: "Cid", PasswordHash: "z", Role: RoleCustomer}))(t)
		want := User{ID: added.ID, Email: "cid@example.com", Name: "Cid", PasswordHash: "z", Role: RoleCustomer, CreatedAt: c.Now()}
		if diff := cmp.Diff(want, must(s.UserByEmail(t.Context(), "CID@example.com"))(t)); diff != "" {
			t.Errorf("user (-want +got):\n%s", diff)
		}
		if _, err := s.AddUser(t.Context(), User{Email: "ann@EXAMPLE.com", Name: "A", Role: RoleCustomer}); !errors.Is(err, ErrEmailTaken) {
			t.Errorf("a second ann: %v, want ErrEmailTaken", err)
		}
		if err := s.RenameUser(t.Context(), added.ID, "Sid"); err != nil {
			t.Fatal(err)
		}
		if u := must(s.User(t.Context(), added.ID))(t); u.Name != "Sid" {
			t.Errorf("name %q, want Sid", u.Name)
		}
		if _, err := s.UserByEmail(t.Context(), "nobody@example.com"); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v, want ErrNotFound", err)
		}
	})
}
