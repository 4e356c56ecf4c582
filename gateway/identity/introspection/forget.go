package introspection

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync/atomic"
)

// forgotten counts how often cookies were forgotten, in a fixed number of counters that
// cookies share by a secret hash. A session's stamp is the sum over its cookies: it only
// grows, and grows when any of them is forgotten. So forgetting is one addition, can't be
// overtaken by a question that is under way, and costs others no more than a question:
// those whose cookies fall on the same counter.
type forgotten struct {
	seed   maphash.Seed
	counts [4096]atomic.Uint64
}

func (f *forgotten) stamp(session []pair) uint64 {
	sum := uint64(0)
	for _, p := range session {
		sum += f.count(p).Load()
	}
	return sum
}

func (f *forgotten) count(p pair) *atomic.Uint64 {
	return &f.counts[maphash.Comparable(f.seed, p)%uint64(len(f.counts))]
}

// Forget forgets all sessions that one of the cookies is of, by name and value. What is
// asked from now on is asked anew, and answers under way are not remembered.
func (s *Source) Forget(cookies ...*http.Cookie) {
	for _, c := range cookies {
		s.forgotten.count(pair{c.Name, c.Value}).Add(1)
	}
}

// Answered is told of every answer that is about to go to a client, and of its request as
// the client sent it. It forgets the session where the request was to one of the paths of
// [Config.Forget], and where the answer sets or deletes one of the session's cookies. It
// is to be called before the client has a byte of the answer, and costs next to nothing
// where there is nothing to forget.
func (s *Source) Answered(r *http.Request, answer http.Header) {
	fresh := s.setCookies(answer)
	if len(fresh) == 0 && !(len(s.forget) > 0 && s.forget[cutSlash(r.URL.Path)]) {
		return
	}
	for _, p := range append(pairsOf(r.Header, s.config.Cookies), fresh...) {
		s.forgotten.count(p).Add(1)
	}
}

// setCookies returns the session's cookies that an answer sets: the value may be one that
// was asked about before, when it was still nobody's.
func (s *Source) setCookies(answer http.Header) []pair {
	var set []pair
	for _, line := range answer["Set-Cookie"] {
		text, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(text, "=")
		name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
		for _, n := range s.config.Cookies {
			if n == name {
				set = append(set, pair{name, value})
			}
		}
	}
	return set
}

func cutSlash(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}
