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
// the match's wildcard of that name took.
type SideRewrite struct {
	// Path is the path that the backend sees, such as "/v2/carts/{id}"; it may end
	// with a "{name...}" of the match. It excludes strip_prefix and add_prefix.
	Path string `yaml:"path"`

	// StripPrefix is cut off the beginning of the path, such as "/shop". The match
	// must begin with it, segment by segment.
	StripPrefix string `yaml:"strip_prefix"`

	// AddPrefix is put in front of the path, after strip_prefix, such as "/v2".
	AddPrefix string `yaml:"add_prefix"`

	// Query changes parameters of the query. Those that it does not name stay as
	// they are, byte for byte.
	Query Changes `yaml:"query"`

	// Headers changes headers of the request; "Host" among them.
	Headers Changes `yaml:"headers"`

	// ResponseHeaders changes headers of the answer.
	ResponseHeaders Changes `yaml:"response_headers"`

	// MapBack lists what of an answer is changed back to what clients know:
	// "location" (Location, Content-Location and Refresh), "link" (Link) and
	// "set_cookie" (domain and path of Set-Cookie). Where one of them names the
	// backend's own address or the rewritten path, the client's takes its place.
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
