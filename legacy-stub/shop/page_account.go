package shop

import (
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"ficus/legacy-stub/shop/store"
)

func (s *Shop) hashPassword(password string) (string, error) {
	h, err := bcrypt.GenerateFromPassword([]byte(password), s.cfg.PasswordCost)
	return string(h), err
}

// loginForm is what the login page shows.
type loginForm struct {
	Email, Next, Problem string
}

func (s *Shop) loginPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	next := localPath(r.URL.Query().Get("next"))
	if v.user() != nil {
		return s.redirect(w, r, next)
	}
	return s.showLogin(w, r, v, http.StatusOK, loginForm{Next: next})
}

func (s *Shop) showLogin(w http.ResponseWriter, r *http.Request, v *visit, status int, f loginForm) error {
	return s.show(w, r, v, screen{status: status, template: "login.html", title: "Log in", body: f})
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request, v *visit) error {
	form := loginForm{Email: store.NormalEmail(r.PostForm.Get("email")), Next: localPath(r.PostForm.Get("next"))}
	if !s.logins.allow(form.Email) {
		form.Problem = "Too many attempts. Please wait a few minutes and try again."
		w.Header().Set("Retry-After", fmt.Sprint(int(throttleWindow.Seconds())))
		return s.showLogin(w, r, v, http.StatusTooManyRequests, form)
	}
	u, err := s.checkPassword(r, form.Email, r.PostForm.Get("password"))
	if errors.Is(err, errBadLogin) {
		form.Problem = "E-mail address and password do not match."
		return s.showLogin(w, r, v, http.StatusUnauthorized, form)
	}
	if err != nil {
		return err
	}
	s.logins.reset(form.Email)
	if err := s.loginSession(w, r, v, u.ID); err != nil {
		return err
	}
	return s.tellAndGo(w, r, v, "success", "Welcome back, "+u.Name+".", form.Next)
}

var errBadLogin = errors.New("e-mail address and password do not match")

// checkPassword takes as long for an address without an account as for one with, so that the time tells nothing.
func (s *Shop) checkPassword(r *http.Request, email, password string) (store.User, error) {
	u, err := s.db.UserByEmail(r.Context(), email)
	hash := []byte(u.PasswordHash)
	if errors.Is(err, store.ErrNotFound) {
		hash = s.noUser
	} else if err != nil {
		return store.User{}, err
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || err != nil {
		return store.User{}, errBadLogin
	}
	return u, nil
}

func (s *Shop) logout(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.db.EndSession(r.Context(), v.session); err != nil {
		return err
	}
	if err := s.startSession(w, r, v); err != nil { // a guest again, and the cookie is replaced
		return err
	}
	return s.tellAndGo(w, r, v, "info", "You are logged out. See you soon.", "/")
}

// registerForm is what the registration page shows.
type registerForm struct {
	Name, Email string
	Problems    map[string]string
}

func (s *Shop) registerPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.user() != nil {
		return s.redirect(w, r, "/account")
	}
	return s.showRegister(w, r, v, http.StatusOK, registerForm{})
}

func (s *Shop) showRegister(w http.ResponseWriter, r *http.Request, v *visit, status int, f registerForm) error {
	return s.show(w, r, v, screen{status: status, template: "register.html", title: "New account", body: f})
}

func (s *Shop) register(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := registerForm{Name: strings.TrimSpace(r.PostForm.Get("name")), Email: store.NormalEmail(r.PostForm.Get("email"))}
	password := r.PostForm.Get("password")
	f.Problems = checkRegistration(f, password)
	if len(f.Problems) > 0 {
		return s.showRegister(w, r, v, http.StatusUnprocessableEntity, f)
	}
	hash, err := s.hashPassword(password)
	if err != nil {
		return err
	}
	u, err := s.db.AddUser(r.Context(), store.User{Email: f.Email, Name: f.Name, PasswordHash: hash, Role: store.RoleCustomer})
	if errors.Is(err, store.ErrEmailTaken) {
		f.Problems = map[string]string{"email": "There is an account with this address already. Do you want to log in?"}
		return s.showRegister(w, r, v, http.StatusConflict, f)
	}
	if err != nil {
		return err
	}
	if err := s.loginSession(w, r, v, u.ID); err != nil {
		return err
	}
	return s.tellAndGo(w, r, v, "success", "Welcome, "+u.Name+". Your account is ready.", "/account")
}

func checkRegistration(f registerForm, password string) map[string]string {
	problems := map[string]string{}
	if problem := checkName(f.Name); problem != "" {
		problems["name"] = problem
	}
	if a, err := mail.ParseAddress(f.Email); err != nil || a.Address != f.Email || len(f.Email) > 200 {
		problems["email"] = "This is not an e-mail address."
	}
	switch { // bcrypt reads 72 bytes and no more
	case utf8.RuneCountInString(password) < 8:
		problems["password"] = "Please choose at least 8 characters."
	case len(password) > 72:
		problems["password"] = "Please choose at most 72 characters."
	}
	return problems
}

func checkName(name string) string {
	switch {
	case name == "":
		return "Please tell us your name."
	case len(name) > 100 || strings.ContainsAny(name, "|\r\n"):
		return "Please choose another spelling."
	}
	return ""
}

func (s *Shop) account(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.showAccount(w, r, v, http.StatusOK, v.user().Name, "")
}

func (s *Shop) showAccount(w http.ResponseWriter, r *http.Request, v *visit, status int, name, problem string) error {
	orders, err := s.db.Orders(r.Context(), v.user().ID, 3)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{status: status, template: "account.html", title: "Your account", body: map[string]any{
		"Name": name, "Problem": problem, "Orders": orders, "User": v.user(),
	}})
}

func (s *Shop) saveAccount(w http.ResponseWriter, r *http.Request, v *visit) error {
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if problem := checkName(name); problem != "" {
		return s.showAccount(w, r, v, http.StatusUnprocessableEntity, name, problem)
	}
	if err := s.db.RenameUser(r.Context(), v.user().ID, name); err != nil {
		return err
	}
	return s.tellAndGo(w, r, v, "success", "Your name is saved.", "/account")
}

// localPath is a path of this shop to go on to after the login; anything else, above all another site, becomes the account page.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/account"
	}
	return next
}
