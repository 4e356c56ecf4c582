package export

import (
	"fmt"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// cohort returns the variable that holds the side of a canary rule's client. Rules of
// one group deal clients alike.
func (w *nginxWriter) cohort(r *rule) string {
	sources := w.sources(r)
	weight := percent(r.shares[0].points)
	w.note(CodeStickiness, "clients stay on a side, but are dealt to the sides anew")
	return w.memo(fmt.Sprint("side ", r.Group, sources, weight), func() string {
		client := w.client(sources)
		split, side := w.variable("split"), w.variable("side")
		w.maps = append(w.maps, fmt.Sprintf("\n    # Group %s at %s %%: which side a client is on; one without identity is on legacy's.\n"+
			"    split_clients %s %s {\n        %s%% new;\n        * legacy;\n    }\n", r.Group, weight, nginxQuote(r.Group+" "+client), split, weight))
		w.addMap(client, side, `""`, "legacy", "default", split)
		return side
	})
}

// sources lists those of a rule's sources that nginx knows.
func (w *nginxWriter) sources(r *rule) []route.Source {
	return slices.DeleteFunc(slices.Clone(r.Cohort), func(s route.Source) bool {
		switch {
		case s.Kind == route.FromClaim:
			w.lose(r, CodeStickiness, "nginx does not know the claim %s: the next source says who a client is", s.Name)
		case s.Kind == route.FromHeader && !isVariable(s.Name):
			w.lose(r, CodeStickiness, "nginx has no variable for the header %s: the next source says who a client is", s.Name)
		default:
			return false
		}
		return true
	})
}

// client returns the variable that holds the first of the sources that is not empty.
func (w *nginxWriter) client(sources []route.Source) string {
	if len(sources) == 0 {
		return w.memo("nobody", func() string {
			nobody := w.variable("client")
			w.addMap(`""`, nobody, "default", `""`)
			return nobody
		})
	}
	return w.memo(fmt.Sprint("client ", sources), func() string {
		value := "$remote_addr"
		switch first := sources[0]; first.Kind {
		case route.FromHeader:
			value = "$http_" + variableName(first.Name)
		case route.FromCookie:
			value = w.cookieValue(first.Name)
		}
		if len(sources) == 1 || value == "$remote_addr" {
			return value
		}
		next, client := w.client(sources[1:]), w.variable("client")
		w.addMap(value, client, `""`, next, "default", value)
		return client
	})
}

// cookieValue returns the variable of a cookie, whatever its name holds.
func (w *nginxWriter) cookieValue(name string) string {
	return w.memo("cookie "+name, func() string {
		value := w.variable("cookie")
		w.addMap("$http_cookie", value, "default", `""`, nginxQuote("~"+cookieRegexp(name)+`(?<ficus_value>[^;]*)`), "$ficus_value")
		return value
	})
}

// isVariable reports whether nginx has a variable for a header of that name.
func isVariable(header string) bool {
	return strings.Trim(strings.ToLower(header), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func variableName(header string) string {
	return strings.ReplaceAll(strings.ToLower(header), "-", "_")
}
