package limit

import (
	"fmt"
	"strconv"
)

// RetryAfter returns how long a client that is refused should wait, in whole seconds.
func (v Verdict) RetryAfter() string { return strconv.FormatInt(seconds(v.Reset), 10) }

// Tell adds headers to an answer that say what is left to the client, where the rule says
// so (draft-ietf-httpapi-ratelimit-headers-10). The quota is what the bucket holds, and
// its window the time in which it fills. A nil Rule tells nothing.
func (r *Rule) Tell(v Verdict, add func(name, value string)) {
	if r == nil || !r.tells {
		return
	}
	add("Ratelimit-Policy", r.policy)
	add("Ratelimit", fmt.Sprintf(`"gateway";r=%d;t=%d`, v.Left, seconds(v.Reset)))
}
