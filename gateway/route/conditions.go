package route

// Conditions are what a match is narrowed by. All that are given must hold; each entry
// of a mapping is one condition, and so is each key of graphql but persisted.
//
// A wanted text is compared with the first value of that name: "de" is that text,
// "de*" any that begins so, "*" any at all, as long as there is one.
type Conditions struct {
	// Header lists headers by name, in any case, and the value wanted. Repeated
	// headers count by their first value.
	Header map[string]Wanted `yaml:"header"`

	// Cookie lists cookies by name and the value wanted.
	Cookie map[string]Wanted `yaml:"cookie"`

	// Query lists parameters of the query by name and the decoded value wanted.
	Query map[string]Wanted `yaml:"query"`

	// ContentType is the media type of the body, in lower case and without
	// parameters: "application/json", or "image/*".
	ContentType Wanted `yaml:"content_type"`

	// GraphQL looks into a request to a GraphQL endpoint: a GET with a query, or a
	// POST of JSON, or of a document as application/graphql, that is in UTF-8, not
	// compressed and up to 256 KiB long; the body is awaited before a side is chosen.
	//
	// Whatever it can't look into (a batch, an upload, a websocket, a request that
	// servers read in different ways), a persisted query that is not listed, and an
	// operation that asks for other fields too, fails the condition. Such requests
	// fall to the route without it, which in the end is legacy, and are counted; so
	// the policy of that route has to be one for them too.
	GraphQL GraphQL `yaml:"graphql"`
}

// GraphQL narrows a match to some operations of a GraphQL endpoint.
type GraphQL struct {
	// Type is the operation's type: query, mutation or subscription.
	Type OperationType `yaml:"type"`

	// Operation lists names of operations, as the document or operationName gives
	// them. They are the client's own: a name does not bound what is asked for.
	Operation []string `yaml:"operation"`

	// Fields lists root fields. Every root field that the operation asks for,
	// __typename aside, has to be one of them; aliases and fragments are seen
	// through, and a field counts even where a directive leaves it out.
	Fields []string `yaml:"fields"`

	// Persisted lists persisted queries by hash or name, for requests that send no
	// query but extensions.persistedQuery.sha256Hash, documentId, doc_id or id. Type
	// and fields can't be seen in those; this stands in for them.
	Persisted []string `yaml:"persisted"`
}

// IsZero reports whether there is no condition.
func (g *GraphQL) IsZero() bool { return g.Count() == 0 && len(g.Persisted) == 0 }

// Count returns how many conditions g is.
func (g *GraphQL) Count() int {
	n := 0
	for _, given := range []bool{g.Type != AnyOperation, len(g.Operation) > 0, len(g.Fields) > 0} {
		if given {
			n++
		}
	}
	if n == 0 && len(g.Persisted) > 0 {
		n = 1
	}
	return n
}

// Count returns how many conditions c holds. Of two routes with the same match the
// one with more conditions wins.
func (c *Conditions) Count() int {
	n := len(c.Header) + len(c.Cookie) + len(c.Query) + c.GraphQL.Count()
	if c.ContentType != "" {
		n++
	}
	return n
}
