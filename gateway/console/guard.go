package console

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guard is what every request goes through.
//
//   - A page of another site can't send a form here: net/http's CrossOriginProtection.
//   - A name that an attacker points at this machine (DNS rebinding) is refused: only
//     localhost, addresses and the names that were configured are hosts of the console.
//   - Answers can't be framed, sniffed or kept, and load nothing but what is served here.
func (c *Console) guard(next http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if !c.knows(r.Host) {
			http.Error(w, "This host name is not the console's. Ask for it by address, or list the name in its configuration.", http.StatusMisdirectedRequest)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// securityPolicy lets a page use what the console itself serves, and no inline script or
// style.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", securityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer a form's Origin would be null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// knows reports whether a Host is one of the console's.
func (c *Console) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil {
		return true // no name, so nobody can point it elsewhere
	}
	return name == "localhost" || slices.ContainsFunc(c.Hosts, func(known string) bool { return strings.EqualFold(known, name) })
}
