package authz

import (
	"encoding/binary"
	"encoding/json"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Bounds of the decisions that are kept.
const (
	maxKept = 4096            // decisions of a set
	ways    = 4               // places for each decision
	maxKey  = 1 << 10         // bytes of what one depends on; more is not worth keeping
	keepFor = 5 * time.Second // or until the principal's credential expires
)

// kept holds decisions that nothing but the key made: the policy's name and all that it
// reads of the input, in full. A key that were a hash could be found a second input for;
// the hash only says which places to look at. Where they are taken, the decision that ends
// first goes: what is never asked for again, as most are where a policy reads the path,
// costs no more than its memory.
type kept struct {
	seed   maphash.Seed
	places [maxKept]atomic.Pointer[keptDecision]
}

type keptDecision struct {
	key      string
	decision Decision // nobody else holds its maps
	until    time.Time
}

func newKept() *kept { return &kept{seed: maphash.MakeSeed()} }

// of returns the places where a key's decision may be.
func (k *kept) of(key []byte) []atomic.Pointer[keptDecision] {
	first := maphash.Bytes(k.seed, key) % (maxKept / ways) * ways
	return k.places[first : first+ways]
}

// get returns a copy, so that who asked may do with it what he likes.
func (k *kept) get(key []byte, now time.Time) (Decision, bool) {
	places := k.of(key)
	for i := range places {
		if d := places[i].Load(); d != nil && d.key == string(key) && now.Before(d.until) {
			return d.decision.copied(), true
		}
	}
	return Decision{}, false
}

// put keeps what a policy said; what went wrong may go well the next time.
func (k *kept) put(key []byte, d Decision, now, expires time.Time) {
	if d.Cause != Allowed && d.Cause != Denied && d.Cause != Undefined {
		return
	}
	until := now.Add(keepFor)
	if !expires.IsZero() && expires.Before(until) {
		until = expires
	}
	if !now.Before(until) {
		return
	}
	places := k.of(key)
	place, first := &places[0], until
	for i := range places {
		there := places[i].Load()
		if there == nil || there.key == string(key) {
			place = &places[i]
			break
		}
		if there.until.Before(first) {
			place, first = &places[i], there.until
		}
	}
	place.Store(&keptDecision{string(key), d.copied(), until})
}

// size is how many decisions there are, expired ones included.
func (k *kept) size() (n int) {
	for i := range k.places {
		if k.places[i].Load() != nil {
			n++
		}
	}
	return n
}

// copied returns a decision that shares no map or list with d.
func (d Decision) copied() Decision {
	d.Headers = maps.Clone(d.Headers)
	if d.Claims != nil {
		d.Claims = copyOf(d.Claims).(map[string]any)
	}
	if d.Obligations != nil {
		d.Obligations = copyOf(d.Obligations).(map[string]any)
	}
	return d
}

func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for name, one := range v {
			c[name] = copyOf(one)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, one := range v {
			c[i] = copyOf(one)
		}
		return c
	}
	return v
}

// appendKey appends all that a policy reads of an input. Not ok: it is too large to be a
// key, or of a type that JSON does not have.
func appendKey(key []byte, parts []*part, in *Input) (_ []byte, ok bool) {
	for _, p := range parts {
		if p.of == nil {
			if key, ok = appendKey(key, p.parts, in); !ok {
				return key, false
			}
			continue
		}
		whole, present := p.of(in)
		if p.members == nil || !isMap(whole) {
			if key, ok = appendPresent(key, whole, present); !ok {
				return key, false
			}
			continue
		}
		key = append(key, 'm')
		for _, m := range p.members {
			one, has := m.of(whole)
			if key, ok = appendPresent(key, one, present && has); !ok {
				return key, false
			}
		}
	}
	return key, true
}

func appendPresent(key []byte, v any, present bool) ([]byte, bool) {
	if !present {
		return append(key, '-'), true
	}
	return appendValue(key, v)
}

// appendValue appends a value so that different ones never look alike: each begins with
// its kind and says its own length.
func appendValue(key []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		key = append(key, '0')
	case string:
		key = appendText(key, v)
	case bool:
		if v {
			return append(key, 't'), true
		}
		key = append(key, 'f')
	case float64:
		key = binary.BigEndian.AppendUint64(append(key, 'd'), math.Float64bits(v))
	case int:
		key = binary.AppendVarint(append(key, 'i'), int64(v))
	case int64:
		key = binary.AppendVarint(append(key, 'i'), v)
	case []string:
		key = binary.AppendUvarint(append(key, '['), uint64(len(v)))
		return appendAll(key, v)
	case []any:
		key = binary.AppendUvarint(append(key, '['), uint64(len(v)))
		return appendAll(key, v)
	case map[string]any:
		return appendMap(key, v)
	case map[string]string:
		return appendMap(key, v)
	case map[string][]string:
		return appendMap(key, v)
	case json.Number:
		key = appendText(append(key, '#'), string(v))
	default:
		return key, false
	}
	return key, len(key) <= maxKey
}

func appendText(key []byte, s string) []byte {
	key = binary.AppendUvarint(append(key, 's'), uint64(len(s)))
	return append(key, s[:min(len(s), maxKey+1)]...) // whole, or too long for a key
}

func appendAll[T any](key []byte, list []T) (_ []byte, ok bool) {
	for _, v := range list {
		if key, ok = appendValue(key, v); !ok {
			return key, false
		}
	}
	return key, len(key) <= maxKey
}

func appendMap[T any](key []byte, m map[string]T) (_ []byte, ok bool) {
	key = binary.AppendUvarint(append(key, '{'), uint64(len(m)))
	if len(m) > maxKey { // before they are sorted
		return key, false
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if key, ok = appendValue(appendText(key, name), m[name]); !ok {
			return key, false
		}
	}
	return key, len(key) <= maxKey
}
