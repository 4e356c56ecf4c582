package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ficus/gateway/gatewaytest"
)

// send sends one request of the scene's kind to the gateway, and notes what the client saw.
func (s *scene) send() {
	id := fmt.Sprintf("%s-%d", s.id, len(s.ids))
	s.ids = append(s.ids, id)
	s.saw = append(s.saw, client{s.gateway.Client(), s.kind}.send(s.gateway.URL+"/"+s.id, id))
}

func (s *scene) inTurn() {
	for range max(1, s.fault.times) {
		s.send()
	}
}

// onKeptConnection sends its request when a connection to the backend is idle that one of
// the same kind left.
func (s *scene) onKeptConnection() {
	s.another(s.kind)
	s.send()
}

// whileHeld sends its request while the backend is busy with another one.
func (s *scene) whileHeld() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.another(0)
	}()
	gatewaytest.Await(s.t, s.id+": a request under way", func() bool { return s.origins[0].of(otherID).whole == 1 })
	s.send()
	close(s.release)
	<-done
}

const otherID = "another"

// another sends a request that is none of the row's.
func (s *scene) another(kind int) {
	if saw := (client{s.gateway.Client(), kind}).send(s.gateway.URL+"/"+s.id, otherID); saw != "200 new" {
		s.t.Errorf("%s: the request before: %s", s.id, saw)
	}
}

// onOtherConnections sends two requests, the second when the connection of the first is
// closed: the gateway must not use it again.
func (s *scene) onOtherConnections() {
	s.send()
	gatewaytest.Await(s.t, s.id+": the gateway to close the connection", func() bool { return s.origins[0].connections() == 0 })
	s.send()
}

// flapping sends its requests while the backend goes down and comes back.
func (s *scene) flapping() {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for up := true; ; up = !up {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if up {
				s.lines[0].down()
			} else {
				s.lines[0].up(s.t)
			}
		}
	}()
	s.inTurn()
	close(done)
	<-ended
}

// outcome is what has come of the scene until now.
func (s *scene) outcome(legacy *origin, m metrics) outcome {
	var fresh, old count
	for _, id := range s.ids {
		old = old.plus(legacy.of(id))
		for _, o := range s.origins {
			fresh = fresh.plus(o.of(id))
		}
	}
	for _, o := range s.origins {
		fresh = fresh.plus(o.of(""))
	}
	saw := slices.Compact(slices.Sorted(slices.Values(s.saw)))
	return outcome{
		Client: strings.Join(saw, " | "),
		New:    fresh.String(), Legacy: old.String(),
		Breaker: m.breaker(s.id), Fallback: m.fallbacks(s.id), Retries: m.retries(s.id),
	}
}

// twice names the requests that must not be sent twice, and were.
func (s *scene) twice(legacy *origin) (ids []string) {
	if kinds[s.kind].kind&once == 0 || strings.Contains(s.fault.route, "unsafe") {
		return nil
	}
	for _, id := range s.ids {
		n := legacy.of(id).begun
		for _, o := range s.origins {
			n += o.of(id).begun
		}
		if n > 1 {
			ids = append(ids, id)
		}
	}
	return ids
}

// fits reports whether an outcome is what is expected.
func (got outcome) fits(want outcome) bool {
	return fits(got.Client, want.Client) && fits(got.New, want.New) && fits(got.Legacy, want.Legacy) &&
		fits(got.Breaker, want.Breaker) && fits(got.Fallback, want.Fallback) && fits(got.Retries, want.Retries)
}

func fits(got, want string) bool {
	possible := strings.Split(want, " | ")
	for one := range strings.SplitSeq(got, " | ") {
		if want != "" && !slices.Contains(possible, one) {
			return false
		}
	}
	return true
}

// metrics is what the gateway's metrics say, by series.
type metrics map[string]string

func readMetrics(g *gatewaytest.Gateway) metrics {
	m := metrics{}
	for line := range strings.Lines(g.Metrics()) {
		if series, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok {
			m[series+"}"] = value
		}
	}
	return m
}

// breaker is the state of a backend's breaker.
func (m metrics) breaker(backend string) string {
	switch value := m[fmt.Sprintf("ficus_backend_breaker_state{backend=%q}", backend)]; value {
	case "0":
		return "closed"
	case "1":
		return "half-open"
	case "2":
		return "open"
	case "":
		return "-"
	default:
		return value
	}
}

// fallbacks are the reasons why legacy answered, or why it did not where it might have.
func (m metrics) fallbacks(route string) string {
	list := append(m.reasons("ficus_fallbacks_total", route, ""), m.reasons("ficus_fallbacks_refused_total", route, "no: ")...)
	if list == nil {
		return "-"
	}
	return strings.Join(list, ", ")
}

// retries are those to the same side, by their reason.
func (m metrics) retries(route string) string {
	list := m.reasons("ficus_retries_total", route, "")
	if list == nil {
		return "-"
	}
	return strings.Join(list, ", ")
}

// reasons lists the reasons that a route's counter has.
func (m metrics) reasons(name, route, prefix string) (list []string) {
	for series, value := range m {
		if strings.HasPrefix(series, name+"{") && value != "0" && label(series, "route") == route {
			reason := prefix + label(series, "reason")
			if value != "1" {
				reason += " ×" + value
			}
			list = append(list, reason)
		}
	}
	slices.Sort(list)
	return list
}

func label(series, name string) string {
	_, rest, _ := strings.Cut(series, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
