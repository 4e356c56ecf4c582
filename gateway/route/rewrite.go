package route

// Rewrite changes requests on their way to a backend, for each side by itself.
type Rewrite struct {
	// Legacy is what changes towards legacy.
	Legacy SideRewrite `yaml:"legacy"`

	// New is what changes towards the new side.
	New SideRewrite `yaml:"new"`
}

// Of returns the rewrite of a side.
func (r *Rewrite) Of(side Side) *SideRewrite {
	if side == New {
		return &r.New
	}
	return &r.Legacy
}

// SideRewrite changes requests on their way to one side, and takes back what the
// answers say of the changed addresses. Where "{name}" stands in a value, it is what
// the match's wildcard of that name took. It is escaped for its place, so that no
// client can leave it: in headers as in a path ("a%2Fb"), in a Host all but letters,
// digits, "-", "." and "_".
//
// A path that changes is made of the one that routes are matched by: decoded once,
// dot segments resolved, then escaped anew.
type SideRewrite struct {
	// Path is the path that the backend sees, such as "/v2/carts/{id}"; it may end
	// with a "{name...}" of the match. It excludes strip_prefix and add_prefix.
	Path string `yaml:"path"`

	// StripPrefix is cut off the beginning of the path, such as "/shop". The match
	// must begin with it, segment by segment. Where nothing is left, the path is "/".
	StripPrefix string `yaml:"strip_prefix"`

	// AddPrefix is put in front of the path, after strip_prefix, such as "/v2".
	AddPrefix string `yaml:"add_prefix"`

	// Query changes parameters of the query. Those that it does not name stay as
	// they are, byte for byte; those that it sets stand behind them.
	Query Changes `yaml:"query"`

	// Headers changes headers of the request; "Host" among them.
	Headers Changes `yaml:"headers"`

	// ResponseHeaders changes headers of the answer, after map_back.
	ResponseHeaders Changes `yaml:"response_headers"`

	// MapBack lists what of an answer is changed back to what clients know:
	// "location" (Location, Content-Location and the url of Refresh), "link" (the
	// targets of Link) and "set_cookie" (domain and path of Set-Cookie).
	//
	// Of a URL that names the backend (by an address, or by the Host that it was sent)
	// scheme and host become the client's, and so does the path, or that of a relative
	// reference, where a route leads to it: this one, else another one to the same
	// backend. With prefixes all paths below the one go back to below the other. A
	// cookie loses a domain that is the backend's and not the client's; its path is
	// mapped back as well. All else stays byte for byte.
	MapBack []MapBack `yaml:"map_back"`
}

// ChangesPath reports whether the backend sees another path than the client sent.
func (r *SideRewrite) ChangesPath() bool {
	return r.Path != "" || r.StripPrefix != "" || r.AddPrefix != ""
}

// IsZero reports whether nothing is changed.
func (r *SideRewrite) IsZero() bool {
	return !r.ChangesPath() && r.Query.IsZero() && r.Headers.IsZero() && r.ResponseHeaders.IsZero() && len(r.MapBack) == 0
}

// Changes sets and removes values by name.
type Changes struct {
	// Set gives a name one value, in place of those it has.
	Set map[string]string `yaml:"set"`

	// Remove lists names whose values go.
	Remove []string `yaml:"remove"`
}

// IsZero reports whether nothing is changed.
func (c *Changes) IsZero() bool { return len(c.Set) == 0 && len(c.Remove) == 0 }
