package routetable

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

const maxNameLength = 64 // characters of an id, group or backend name

// CheckDefinition returns what is wrong with one definition, whatever else the
// set holds. It changes nothing and reads nothing.
func CheckDefinition(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, key, p)) }

	switch {
	case d.ID == "":
		report("id", required("id", "name the route: id: cart-read"))
	case d.ID == route.DefaultID:
		report("id", value("the id %q is taken by the entry for requests without a route", d.ID))
	case !isName(d.ID, true):
		report("id", badName("id", d.ID))
	}
	if d.Match == "" {
		report("match", required("match", "say which requests the route owns: match: GET /api/cart/{id}"))
	} else if _, err := ParsePattern(d.Match); err != nil {
		report("match", patternProblem(d, err))
	}
	if d.Group != "" && !isName(d.Group, true) {
		report("group", badName("group", d.Group))
	}
	if d.Stage != route.StageLegacy && d.Backend == "" {
		report("stage", route.Problem{
			Code: route.CodeRequired, Message: fmt.Sprintf("the stage %s needs a backend for the new side", d.Stage),
			Hint: "name it: backend: cart",
		})
	}
	if points := d.Weight * 100; !(points >= 0 && points <= 10000) {
		report("weight", value("the weight %v is not between 0 and 100 percent", d.Weight))
	} else if math.Abs(points-math.Round(points)) > 1e-6 {
		report("weight", value("the weight %v has more than two decimals", d.Weight))
	}
	found = append(found, checkIdentity(d)...)
	found = append(found, checkWhen(d)...)
	found = append(found, checkRewrite(d)...)
	found = append(found, checkResilience(d)...)
	for i, source := range d.Cohort {
		if (source.Kind == route.FromCookie || source.Kind == route.FromHeader) && !httpguts.ValidHeaderFieldName(source.Name) {
			report(fmt.Sprintf("cohort[%d]", i), value("%q is no name of a cookie or header", source.Name))
		}
	}
	return found
}

// CheckBackend returns what is wrong with one backend, whatever else the set
// holds. It changes nothing and reads nothing.
func CheckBackend(b *route.Backend) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) {
		p.Origin = route.Origin{File: b.Origin.File}
		p.Path = strings.TrimSuffix("backends."+b.Name+"."+key, ".")
		found = append(found, p)
	}
	if !isName(b.Name, false) {
		report("", badName("backend", b.Name))
	}
	if len(b.Addresses) == 0 {
		report("", required("addresses", `say where it listens: addresses: ["http://127.0.0.1:9103"]`))
	}
	seen := map[string]bool{}
	for i, address := range b.Addresses {
		key := fmt.Sprintf("addresses[%d]", i)
		if err := checkAddress(address); err != nil {
			p := value("%q: %v", address, err)
			p.Hint = "write scheme, host and port, http://127.0.0.1:9103, or a Unix socket, unix:///run/shop.sock"
			report(key, p)
		}
		if seen[address] {
			report(key, value("the address %q stands here twice", address))
		}
		seen[address] = true
	}
	checkTold(b, report)
	checkBackendResilience(b, report)
	if _, err := json.Marshal(b.Transport); err != nil {
		report("transport", value("the transport can't be written as JSON: %v", err))
	}
	return found
}

// socketPath is that of a Unix socket. Its bytes need no escape anywhere, and the kernel
// takes no more than 107 of them.
var socketPath = regexp.MustCompile(`^/[A-Za-z0-9_./@+~-]{1,106}$`)

func checkAddress(address string) error {
	if path, ok := route.UnixSocket(address); ok {
		if !socketPath.MatchString(path) {
			return fmt.Errorf("a socket's path is absolute, of letters, digits and _./@+~-, and at most 107 bytes long")
		}
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the scheme is neither http nor https, nor unix")
	case u.Hostname() == "":
		return fmt.Errorf("the host is missing")
	case u.User != nil:
		return fmt.Errorf("user and password have no place in a route file")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("an address has no path or query")
	}
	if u.Port() != "" {
		if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("the port %s is not between 1 and 65535", u.Port())
		}
	} else if _, _, err := net.SplitHostPort(u.Host); err == nil {
		return fmt.Errorf("the port after the colon is missing")
	}
	return nil
}

// isName reports whether s may be a label of a metric: no surprise in a shell, a
// URL or a query.
func isName(s string, dots bool) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && dots:
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxNameLength
}

func at(d *route.Definition, key string, p route.Problem) route.Problem {
	return placed(d.Origin, d.ID, key, p)
}

// placed gives a problem the place of a key of a route.
func placed(origin route.Origin, id, key string, p route.Problem) route.Problem {
	p.Origin = route.Origin{File: origin.File}
	p.Path = fmt.Sprintf("routes[%d].%s", origin.Index, key)
	p.Route = id
	return p
}

func required(key, hint string) route.Problem {
	return route.Problem{Code: route.CodeRequired, Message: key + " is missing", Hint: hint}
}

func value(format string, args ...any) route.Problem {
	return route.Problem{Code: route.CodeValue, Message: fmt.Sprintf(format, args...)}
}

func badName(what, name string) route.Problem {
	p := value("%q can't be a name (%s)", name, what)
	p.Hint = fmt.Sprintf("use lower-case letters, digits and - _, at most %d characters", maxNameLength)
	return p
}

// basisPoints takes a percentage to hundredths of a percent, as many as there are
// cohorts to each.
func basisPoints(percent float64) int { return int(math.Round(percent * 100)) }
