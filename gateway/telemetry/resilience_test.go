package telemetry

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestBudgetsAreRead(t *testing.T) {
	m, registry := registered(t)
	m.ReadBudgets(maps.All(map[string]float64{"cart": 7.5}))
	want := `# HELP ficus_retry_budget_left Retries that the backend's retry budget would allow now.
# TYPE ficus_retry_budget_left gauge
ficus_retry_budget_left{backend="cart"} 7.5
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "ficus_retry_budget_left"); err != nil {
		t.Error(err)
	}
}

func TestRetriesAndFallbacks(t *testing.T) {
	m, registry := registered(t)
	r, gone := m.Route("r"), m.Route("gone")
	for range 2 {
		r.Retried(ReasonConnect)
		r.FellBack(ReasonStatus)
		r.FallbackRefused(RefusedLimit)
		r.FallbackRefused(NotRefused)
		r.TimedOut(TimeoutTry)
	}
	gone.FellBack(ReasonOpen)
	m.BudgetExhausted("cart").Inc()
	m.BudgetExhausted("old").Inc()
	m.FallbackBegins()
	m.Retain(func(id string) bool { return id == "r" })
	m.RetainBudgets(func(name string) bool { return name == "cart" })
	gone.FellBack(ReasonFull)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var series []string
	for _, f := range families {
		if !strings.Contains(f.GetName(), "retr") && !strings.Contains(f.GetName(), "fallback") && !strings.Contains(f.GetName(), "timeout") {
			continue
		}
		for _, m := range f.GetMetric() {
			line := f.GetName()
			for _, label := range m.GetLabel() {
				line += " " + label.GetName() + "=" + label.GetValue()
			}
			series = append(series, fmt.Sprintf("%s %v\n", line, m.GetCounter().GetValue()+m.GetGauge().GetValue()))
		}
	}
	want := `ficus_fallbacks_in_flight 1
ficus_fallbacks_refused_total reason=limit route=r 2
ficus_fallbacks_total reason=status route=r 2
ficus_retries_total reason=connect route=r 2
ficus_retry_budget_exhausted_total backend=cart 1
ficus_timeouts_total kind=try route=r 2
`
	if got := strings.Join(series, ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { r.FellBack(ReasonStatus); r.Retried(ReasonConnect) }); n != 0 {
		t.Errorf("recording allocates %v times", n)
	}
}
