package resilience

import (
	"net/http"
	"strconv"
	"time"
)

// maxDeadline bounds what clients may say; nobody waits longer.
const maxDeadline = 24 * time.Hour

// saidWait returns how long the client waits, as it says in the route's deadline header; 0
// where it does not say, or says nonsense.
func (p *Policy) saidWait(r *http.Request) time.Duration {
	if p.deadline == "" {
		return 0
	}
	return parseMilliseconds(r.Header[p.deadline])
}

// shorter returns the shorter of two times, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// parseMilliseconds reads a header with one whole number above 0; 0 for all others. What
// is longer than a day is a day.
func parseMilliseconds(values []string) time.Duration {
	if len(values) != 1 {
		return 0
	}
	return parseTime(values[0], 18, time.Millisecond)
}

// parseGRPCTimeout reads a grpc-timeout: up to eight digits and a unit.
func parseGRPCTimeout(values []string) time.Duration {
	if len(values) != 1 || values[0] == "" {
		return 0
	}
	end := len(values[0]) - 1
	for _, unit := range grpcUnits {
		if unit.name == values[0][end] {
			return parseTime(values[0][:end], maxGRPCDigits, unit.length)
		}
	}
	return 0
}

const (
	grpcTimeout   = "Grpc-Timeout"
	maxGRPCDigits = 8
)

var grpcUnits = [...]struct {
	name   byte
	length time.Duration
}{
	{'n', time.Nanosecond}, {'u', time.Microsecond}, {'m', time.Millisecond},
	{'S', time.Second}, {'M', time.Minute}, {'H', time.Hour},
}

// parseTime reads up to maxDigits digits, and bounds the result.
func parseTime(text string, maxDigits int, unit time.Duration) time.Duration {
	if text == "" || len(text) > maxDigits {
		return 0
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' { // ParseInt would take a sign
			return 0
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(maxDeadline/unit) {
		return maxDeadline
	}
	return time.Duration(n) * unit
}

// formatGRPCTimeout writes a time in the finest unit that eight digits can hold.
func formatGRPCTimeout(d time.Duration) string {
	for _, unit := range grpcUnits {
		if n := int64(d / unit.length); n < 1e8 {
			return strconv.FormatInt(max(n, 1), 10) + string(unit.name)
		}
	}
	return "99999999H"
}

// passDeadline tells the backend how much time is left. In the route's header that is the
// shorter of the client's and the route's; in grpc-timeout it is the client's alone,
// because for the route a call of gRPC only has to begin in time.
func (run *Run) passDeadline(h http.Header) {
	if run.policy.deadline != "" && run.wait > 0 {
		h[run.policy.deadline] = []string{strconv.FormatInt(max(run.left(run.wait).Milliseconds(), 1), 10)}
	}
	if run.grpcWait > 0 {
		h[grpcTimeout] = []string{formatGRPCTimeout(run.left(run.grpcWait))}
	}
}

// left returns how much is left of a time that began when the request arrived.
func (run *Run) left(of time.Duration) time.Duration { return of - run.elapsed() }
