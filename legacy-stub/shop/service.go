package shop

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ficus/legacy-stub/shop/live"
)

// healthz answers 200 while the database answers.
func (s *Shop) healthz(w http.ResponseWriter, r *http.Request) {
	if err := s.db.Ping(r.Context()); err != nil {
		s.log.WarnContext(r.Context(), "health check", "error", err)
		s.apiFailure(w, r, &failure{status: http.StatusServiceUnavailable, code: "unavailable", message: "the database does not answer"})
		return
	}
	s.writeJSON(w, r, http.StatusOK, struct {
		Status   string `json:"status"`
		Database string `json:"database"`
		stamp
	}{"ok", s.db.Dialect(), s.stampNow()})
}

func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /admin\nDisallow: /cart\nDisallow: /checkout\n"))
}

// supportVisitor is what the support assistant knows of who asks.
func (s *Shop) supportVisitor(r *http.Request) live.Visitor {
	v, err := s.known(r)
	if err != nil || v.user() == nil {
		return live.Visitor{}
	}
	who := live.Visitor{Name: v.user().Name}
	if list, err := s.db.Orders(r.Context(), v.user().ID, 1); err == nil && len(list) > 0 {
		o := list[0]
		who.LastOrder = fmt.Sprintf("order %d, placed on %s, is %s", o.ID, paperDate(o.PlacedAt)[:10], o.Status)
	}
	return who
}

// demoSlow answers after ?ms= milliseconds, up to half a minute; only with Config.DemoFaults.
func (s *Shop) demoSlow(w http.ResponseWriter, r *http.Request) {
	ms, err := number(r.URL.Query(), "ms", 1000, 30_000)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
	case <-timer.C:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "slow: %d ms\n", ms) // a number, as plain text
	}
}

// demoError answers with ?status=, 400 to 599; only with Config.DemoFaults.
func (s *Shop) demoError(w http.ResponseWriter, r *http.Request) {
	status := http.StatusInternalServerError
	if text := r.URL.Query().Get("status"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 400 || n > 599 {
			http.Error(w, "status must be a number from 400 to 599", http.StatusBadRequest)
			return
		}
		status = n
	}
	http.Error(w, fmt.Sprintf("error: %d", status), status)
}
