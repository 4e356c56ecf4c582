package routetable

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/route"
)

// A Sampler makes example requests for some tables. Whatever a request is free to
// choose, it fills with what stands in none of them. It may be used concurrently.
type Sampler struct {
	segment string   // no literal of a path
	host    string   // matches no host
	label   string   // begins no host
	method  string   // no method of a pattern
	field   string   // no root field of a condition
	wanted  []string // all that conditions look for, without the * at its end
}

// NewSampler returns a sampler for the tables.
func NewSampler(tables ...*Table) *Sampler {
	s := &Sampler{}
	segments, hosts, labels, methods, fields := names{}, names{}, names{}, names{}, names{}
	for _, t := range tables {
		for _, e := range t.Entries {
			methods.add(e.Pattern.method)
			hosts.add(e.Pattern.host)
			label, _, _ := strings.Cut(strings.TrimPrefix(e.Pattern.host, "."), ".")
			labels.add(label)
			for _, part := range e.Pattern.segments {
				if part.kind == literal {
					segments.add(part.text)
				}
			}
			s.addWanted(e.When, fields)
		}
	}
	s.segment = segments.free("7", "8", "9", "x")
	s.host = hosts.free("localhost", "host")
	s.label = labels.free("www", "host")
	s.method = methods.free(http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "X")
	s.field = fields.free("other")
	return s
}

func (s *Sampler) addWanted(c *Conditions, fields names) {
	if c == nil {
		return
	}
	for _, w := range c.wants {
		s.wanted = append(s.wanted, strings.TrimSuffix(string(w.value), "*"))
	}
	if c.graphql != nil {
		for _, field := range c.graphql.Fields {
			fields.add(field)
		}
	}
}

// names are those in use.
type names map[string]bool

func (n names) add(name string) { n[name] = true }

// free returns the first of the names that is not in use, or the last with a number.
func (n names) free(candidates ...string) string {
	for _, name := range candidates {
		if !n[name] {
			return name
		}
	}
	for i := 1; ; i++ {
		if name := candidates[len(candidates)-1] + strconv.Itoa(i); !n[name] {
			return name
		}
	}
}

// Between yields requests that match two entries, which may be of different tables:
// first what people like to read, then the plainest. Plain means that whatever entry
// of the sampler's tables matches the request, it matches all other requests that
// match the two. So if these two own any request in common, each in its own table, they
// own one of those that are yielded. (That can't be said of conditions that ask for
// GraphQL's own parameters of the query, operationName aside.)
func (s *Sampler) Between(a, b *Entry) iter.Seq[*Sample] {
	return func(yield func(*Sample) bool) {
		both, ok := Both(a, b)
		if !ok || both.Pattern.method == http.MethodConnect { // which the gateway refuses
			return
		}
		if both.When == nil {
			both.When = &Conditions{}
		}
		for _, asked := range s.operations(a.When, b.When, both.When) {
			for _, method := range s.methods(both.Pattern.method, asked) {
				if !s.each(both, method, asked, yield) {
					return
				}
			}
		}
	}
}

// each yields the requests with one method and GraphQL operation.
func (s *Sampler) each(both *Entry, method string, asked *asked, yield func(*Sample) bool) bool {
	for _, media := range s.contentTypes(both.When, asked != nil && method == http.MethodPost) {
		for _, path := range s.paths(both.Pattern.segments) {
			sample := &Sample{Method: method, Host: s.hostOf(both.Pattern.host), Path: path, Header: http.Header{}}
			s.fill(sample, both.When, media)
			sample.ask(asked)
			if !yield(sample) {
				return false
			}
		}
	}
	return true
}

// methods: one that no pattern names is matched by patterns without a method alone.
// Only GET, HEAD and POST carry a GraphQL operation.
func (s *Sampler) methods(method string, asked *asked) []string {
	switch {
	case asked == nil && method == "":
		return []string{http.MethodGet, http.MethodPost, s.method}
	case asked != nil && method == "":
		return []string{http.MethodPost, http.MethodGet}
	}
	return []string{method}
}

func (s *Sampler) hostOf(host string) string {
	switch {
	case host == "":
		return s.host
	case host[0] == '.':
		return s.label + host
	}
	return host
}

// paths: a segment that stands nowhere is matched by wildcards alone, and behind an
// empty one only patterns go on that end with a rest before it.
func (s *Sampler) paths(segments []segment) []string {
	var b strings.Builder
	for _, part := range segments {
		switch part.kind {
		case literal:
			b.WriteString("/" + part.text)
		case wildcard:
			b.WriteString("/" + s.segment)
		case slashEnd:
			b.WriteString("/")
		case rest:
			one, before := "/"+s.segment, b.String()
			return []string{before + one, before + "/", before + one + one, before + one + "/", before + one + one + one, before + "/" + one}
		}
	}
	return []string{b.String()}
}

// value returns what is wanted; where a beginning is, how it goes on is wanted nowhere.
func (s *Sampler) value(w route.Wanted) string {
	prefix, any := strings.CutSuffix(string(w), "*")
	if !any {
		return prefix
	}
	const endings = "1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_~"
	for _, end := range endings {
		longer := prefix + string(end)
		if !slices.ContainsFunc(s.wanted, func(other string) bool { return strings.HasPrefix(other, longer) }) {
			return longer
		}
	}
	return prefix + endings
}

// contentTypes returns values for the header, "" for none.
func (s *Sampler) contentTypes(when *Conditions, isGraphQL bool) []string {
	var values []string
	if isGraphQL { // any of these may carry it
		values = append(values, "application/json", s.value("application/*")+"+json")
	}
	for _, w := range when.wants {
		if w.kind != theContentType {
			continue
		}
		values = append(values, s.value(w.value))
		if isGraphQL && strings.HasSuffix(string(w.value), "*") {
			values = append(values, s.value(w.value)+"+json")
		}
	}
	if len(values) == 0 {
		return []string{""}
	}
	return values
}

const contentType = "Content-Type"

// fill gives a request what the conditions want, and nothing else.
func (s *Sampler) fill(sample *Sample, when *Conditions, media string) {
	if media != "" {
		sample.Header.Set(contentType, media)
	}
	var cookies, query []string
	for _, w := range when.wants {
		switch value := s.value(w.value); w.kind {
		case aHeader:
			sample.Header.Set(w.name, value)
		case aCookie:
			cookies = append(cookies, w.name+"="+value)
		case aParameter:
			query = append(query, url.QueryEscape(w.name)+"="+url.QueryEscape(value))
		}
	}
	if len(cookies) > 0 {
		sample.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	sample.RawQuery = strings.Join(query, "&")
}
