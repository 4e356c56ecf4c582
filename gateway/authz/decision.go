package authz

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/net/http/httpguts"
)

// deniedStatuses are what a policy may have answered. A redirect needs a Location.
var deniedStatuses = []int{302, 303, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 423, 428, 429, 451}

// allowKey is what an answer that is an object has to hold.
var allowKey = ast.StringTerm("allow")

// readAnswer is read for a value of OPA's. What says no more than yes or no, as most do,
// is read where it stands.
func readAnswer(answer ast.Value) Decision {
	plain := answer
	if object, ok := answer.(ast.Object); ok && object.Len() == 1 {
		if allow := object.Get(allowKey); allow != nil {
			plain = allow.Value
		}
	}
	if yes, ok := plain.(ast.Boolean); ok {
		return read(bool(yes))
	}
	said, err := ast.JSON(answer)
	if err != nil {
		return deny(Failed, err.Error())
	}
	return read(said)
}

// read takes what a policy said to a decision. Anything that is not understood whole
// denies: half a decision is none.
func read(said any) Decision {
	switch said := said.(type) {
	case bool:
		if said {
			return Decision{Allow: true, Cause: Allowed}
		}
		return deny(Denied, "")
	case map[string]any:
		d, err := readObject(said)
		if err != nil {
			return deny(WrongType, "decision: "+err.Error())
		}
		return d
	}
	return deny(WrongType, fmt.Sprintf("allow is neither true nor false but %T", said))
}

func readObject(said map[string]any) (Decision, error) {
	d := deny(Denied, "")
	for key, value := range said {
		var ok bool
		switch key {
		case "allow":
			d.Allow, ok = value.(bool)
		case "reason":
			d.Reason, ok = value.(string)
		case "status":
			d.Status, ok = status(value)
		case "headers":
			d.Headers, ok = headers(value)
		case "claims":
			d.Claims, ok = value.(map[string]any)
		case "obligations":
			d.Obligations, ok = value.(map[string]any)
		default:
			return d, fmt.Errorf("unknown key %q", key)
		}
		if !ok {
			return d, fmt.Errorf("%s can't be %v", key, value)
		}
	}
	if _, given := said["allow"]; !given {
		return d, fmt.Errorf("allow is missing")
	}
	if d.Allow {
		d.Cause, d.Status = Allowed, 0
	}
	return d, checkLocation(d)
}

// checkLocation keeps a policy from sending clients to another site: not even one that
// takes the place from the request can be made to.
func checkLocation(d Decision) error {
	found := 0
	for name, value := range d.Headers {
		if !strings.EqualFold(name, "Location") {
			continue
		}
		found++
		if !isOwnPath(value) {
			return fmt.Errorf("location %q is no path of this site", value)
		}
	}
	if redirects := d.Status/100 == 3; found > 1 || redirects && found == 0 {
		return fmt.Errorf("status %d with %d headers Location", d.Status, found)
	}
	return nil
}

// isOwnPath reports whether every browser takes a reference to be a path of the site
// that it came from: browsers read "/\\host" as "//host", and drop tabs and line ends.
func isOwnPath(ref string) bool {
	return strings.HasPrefix(ref, "/") && !strings.HasPrefix(ref, "//") &&
		!strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f })
}

func status(value any) (int, bool) {
	var n float64
	switch v := value.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return 0, false
		}
		n = f
	case float64:
		n = v
	case int:
		n = float64(v)
	default:
		return 0, false
	}
	return int(n), n == math.Trunc(n) && slices.Contains(deniedStatuses, int(n))
}

func headers(value any) (map[string]string, bool) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	texts := make(map[string]string, len(object))
	for name, v := range object {
		text, isText := v.(string)
		if !isText || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(text) {
			return nil, false
		}
		texts[name] = text
	}
	return texts, true
}
