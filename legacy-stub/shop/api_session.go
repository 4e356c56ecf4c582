package shop

import (
	"net/http"
	"time"
)

type sessionAnswer struct {
	ID        int64     `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	AuthTime  int64     `json:"auth_time"` // of the login, in seconds since 1970
	ExpiresAt time.Time `json:"expires_at"`
	stamp
}

// apiSession tells other programs of the house whose session a cookie opens, and since when. It is for them to ask on behalf of a visitor,
// so it begins no session: who is not logged in gets a 401 and stays as he is.
func (s *Shop) apiSession(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Vary", "Cookie")
	v, err := s.known(r)
	if err == nil && v.user() == nil {
		err = loginRequired(w)
	}
	if err != nil {
		s.apiFailure(w, r, s.failureOf(r, err))
		return
	}
	u := v.user()
	s.writeJSON(w, r, http.StatusOK, sessionAnswer{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role,
		AuthTime: v.session.BeganAt.Unix(), ExpiresAt: v.session.ExpiresAt, stamp: s.stampNow(),
	})
}
