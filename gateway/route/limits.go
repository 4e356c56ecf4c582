package route

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RateLimit bounds how often one client may ask: a bucket of tokens, of which each
// request takes one. Who finds it empty gets 429 with a Retry-After.
type RateLimit struct {
	// Rate is how fast the bucket fills, such as 10/s, 300/m or 1000/h. Default: none, and
	// there is no limit.
	Rate Rate `yaml:"rate"`

	// Burst is how many tokens the bucket holds: 1 to 1000000. Default: as many as come in
	// a second, at least 1.
	Burst int `yaml:"burst"`

	// By lists, in order, what tells clients apart, as for cohort: the first that a request
	// has counts, or else its address. Of an IPv6 address the network counts, its first 64
	// bits. Default: [claim:sub, client_ip].
	By []Source `yaml:"by"`

	// Headers says whether answers tell what is left, in the headers RateLimit and
	// RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10): "on" or "off". Default: off.
	Headers Switch `yaml:"headers"`
}

// A Rate is a number of events in a time. The zero Rate is none.
type Rate struct {
	Events int
	Per    time.Duration // a second, a minute or an hour
}

var rateUnits = []struct {
	name string
	per  time.Duration
}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}}

// String returns the rate as it is written in a route file, "" for none.
func (r Rate) String() string {
	for _, unit := range rateUnits {
		if unit.per == r.Per {
			return strconv.Itoa(r.Events) + "/" + unit.name
		}
	}
	return ""
}

// MarshalText writes the rate as in a route file.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a rate as written in a route file.
func (r *Rate) UnmarshalText(text []byte) error {
	number, name, _ := strings.Cut(string(text), "/")
	for _, unit := range rateUnits {
		n, err := strconv.Atoi(number)
		if unit.name == name && err == nil && 0 < n && n <= 1_000_000 && number[0] != '+' {
			*r = Rate{Events: n, Per: unit.per}
			return nil
		}
	}
	return fmt.Errorf("%q is no rate (write a number from 1 to 1000000 and the time: 10/s, 300/m or 1000/h)", text)
}

// IsZero reports whether there is no rate.
func (r Rate) IsZero() bool { return r.Events == 0 }

// PerSecond returns the rate in events a second.
func (r Rate) PerSecond() float64 {
	if r.IsZero() {
		return 0
	}
	return float64(r.Events) / r.Per.Seconds()
}

// Fault is what is broken on purpose: some requests are late, or fail as if the backend
// had failed.
type Fault struct {
	// Side is the side whose backend seems broken: "new" or "legacy". Default: new.
	Side FaultySide `yaml:"side"`

	// Share is the percentage of requests that are hit: above 0, up to 100. Default: 100.
	Share float64 `yaml:"share"`

	// Header lists headers by name, and the value wanted: only requests that have all of
	// them are hit. Default: none.
	Header map[string]Wanted `yaml:"header"`

	// Delay is how long requests are held up before they are sent: up to 5m. Default: not
	// at all.
	Delay time.Duration `yaml:"delay"`

	// Abort is the answer in the place of the backend's: a status of 400 to 599, or
	// 0 for none. Default: 0.
	Abort int `yaml:"abort"`

	// Reset says whether it seems as if the connection broke, in the place of an answer:
	// "on" or "off". Default: off.
	Reset Switch `yaml:"reset"`
}

// String says what is broken: "a delay of 300ms and the answer 503 for 10 % of the
// requests to new with X-Rehearsal: *".
func (f Fault) String() string {
	var what []string
	if f.Delay > 0 {
		what = append(what, "a delay of "+f.Delay.String())
	}
	switch {
	case f.Abort != 0:
		what = append(what, fmt.Sprintf("the answer %d", f.Abort))
	case f.Reset == On:
		what = append(what, "a broken connection")
	}
	text := fmt.Sprintf("%s for %v %% of the requests to %s", strings.Join(what, " and "), cmp.Or(f.Share, 100), f.Side)
	for i, name := range slices.Sorted(maps.Keys(f.Header)) {
		text += [...]string{" with ", ", "}[min(i, 1)] + fmt.Sprintf("%s: %s", name, f.Header[name])
	}
	return text
}
