package limit

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"time"

	"ficus/gateway/route"
)

// A Client is who sends a request, as far as the gateway knows.
type Client struct {
	IP      string
	Request *http.Request
	Claim   func(name string) string // of who is logged in; "" for none
}

// Take takes a token for a client from its bucket of the route. Whoever has none of what
// the rule asks for counts by address.
func (b *Buckets) Take(r *Rule, c Client, now time.Time) Verdict {
	return b.take(r, b.key(r, c), now)
}

// key hashes who a client is to the route: names and secrets are not kept. The seed is
// unknown to clients, so none can aim at the bucket of another.
func (b *Buckets) key(r *Rule, c Client) uint64 {
	var h maphash.Hash
	h.SetSeed(b.seed)
	_, _ = h.WriteString(r.name)
	for _, s := range r.by {
		var value string
		switch s.Kind {
		case route.FromClientIP:
			writeIP(&h, c.IP)
			return h.Sum64()
		case route.FromHeader:
			value = c.Request.Header.Get(s.Name)
		case route.FromCookie:
			value = cookie(c.Request, s.Name)
		case route.FromClaim:
			value = c.Claim(s.Name)
		}
		if value != "" {
			_, _ = h.Write([]byte{0, byte(s.Kind)})
			_, _ = h.WriteString(s.Name)
			_ = h.WriteByte(0)
			_, _ = h.WriteString(value)
			return h.Sum64()
		}
	}
	writeIP(&h, c.IP)
	return h.Sum64()
}

// writeIP adds an address. Of IPv6 the first 64 bits count: a client has all that follow
// them (RFC 6177).
func writeIP(h *maphash.Hash, ip string) {
	_, _ = h.Write([]byte{0, byte(route.FromClientIP)})
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		_, _ = h.WriteString(ip)
		return
	}
	bytes := addr.Unmap().As16()
	if addr.Unmap().Is6() {
		_, _ = h.Write(bytes[:8])
		return
	}
	_, _ = h.Write(bytes[12:])
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
