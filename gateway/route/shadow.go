package route

import "cmp"

// Shadow is what of a route's requests is copied to the new side at stage shadow, and how
// the answers are compared. Only safe requests are (GET and HEAD), no upgrades and no event
// streams; the copy is sent after the client has legacy's answer. It carries the client's
// cookies, and an internal token of its own that says shadow: true, where the backend gets
// one; the client's Authorization only where nobody else tells the backend who asks.
type Shadow struct {
	// Share is the percentage of requests that are copied: above 0, up to 100. Default: 100.
	Share float64 `yaml:"share"`

	// MaxBody is the largest answer that is compared, in bytes: 1 to 4194304. Of a larger
	// one only status and headers are. Default: 262144.
	MaxBody int `yaml:"max_body"`

	// Headers lists headers of the answers that have to be equal, beside the status and the
	// body. Default: [Content-Type].
	Headers []string `yaml:"headers"`

	// Ignore lists places in JSON bodies that may differ, as JSON pointers (RFC 6901) in
	// which "*" is any key or place of a list: /generated_at, /items/*/seen. Default: none.
	Ignore []string `yaml:"ignore"`
}

// MaxShadowBody is the largest MaxBody of a shadow, in bytes.
const MaxShadowBody = 4 << 20

// Filled returns the shadow with its defaults filled in.
func (s Shadow) Filled() Shadow {
	s.Share = cmp.Or(s.Share, 100)
	s.MaxBody = cmp.Or(s.MaxBody, 256<<10)
	if s.Headers == nil {
		s.Headers = []string{"Content-Type"}
	}
	return s
}
