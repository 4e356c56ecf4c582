package dashboard

import (
	"fmt"
	"slices"
	"strings"

	"ficus/gateway/telemetry"
)

// queries write PromQL over the metrics of the catalogue. Each selector is narrowed by the
// variables of the board, as far as the metric has their labels. Classic histograms are
// asked for: native ones are there only where Prometheus scrapes protobuf.
type queries struct {
	catalogue map[string]telemetry.Description
	variables []string // labels, each with a variable of its name
}

// described returns what the catalogue says of a metric. A board that asks for one that
// there is not would be empty for ever: that is a mistake in this package.
func (q *queries) described(metric string) telemetry.Description {
	d, known := q.catalogue[metric]
	if !known {
		panic("dashboard: the catalogue has no metric " + metric)
	}
	return d
}

// of selects the series of a metric, narrowed by more matchers.
func (q *queries) of(metric string, matchers ...string) string {
	return q.selected(q.described(metric), metric, matchers)
}

func (q *queries) selected(d telemetry.Description, name string, matchers []string) string {
	all := []string{`job=~"$job"`}
	for _, v := range q.variables {
		// A label with words of its own is another thing of the same name.
		if v == "instance" || slices.Contains(d.Labels, v) && d.Words[v] == nil {
			all = append(all, fmt.Sprintf(`%s=~"$%s"`, v, v))
		}
	}
	for _, m := range matchers {
		if label := m[:strings.IndexAny(m, "=!")]; !slices.Contains(d.Labels, label) {
			panic(fmt.Sprintf("dashboard: %s has no label %s", d.Name, label))
		}
		all = append(all, m)
	}
	return name + "{" + strings.Join(all, ",") + "}"
}

// by are the labels that a result keeps, each of which the metric has; "" for none.
func (q *queries) by(d telemetry.Description, by string) string {
	if by == "" {
		return ""
	}
	for label := range strings.SplitSeq(by, ", ") {
		if label != "instance" && !slices.Contains(d.Labels, label) {
			panic(fmt.Sprintf("dashboard: %s has no label %s", d.Name, label))
		}
	}
	return "by (" + by + ") "
}

// rate is how often something happens a second, summed up.
func (q *queries) rate(by, metric string, matchers ...string) string {
	return q.over("rate", "$__rate_interval", by, metric, matchers)
}

// during is the same over the whole range of time that is shown.
func (q *queries) during(by, metric string, matchers ...string) string {
	return q.over("rate", "$__range", by, metric, matchers)
}

// count is how often it happened since the point before.
func (q *queries) count(by, metric string, matchers ...string) string {
	return q.over("increase", "$__rate_interval", by, metric, matchers)
}

func (q *queries) over(function, window, by, metric string, matchers []string) string {
	d := q.described(metric)
	return fmt.Sprintf("sum %s(%s(%s[%s]))", q.by(d, by), function, q.selected(d, metric, matchers), window)
}

// value is a gauge, of all gateways together: their sum, max or min.
func (q *queries) value(operator, by, metric string, matchers ...string) string {
	d := q.described(metric)
	return fmt.Sprintf("%s %s(%s)", operator, q.by(d, by), q.selected(d, metric, matchers))
}

// quantile is what a part of the durations stay below.
func (q *queries) quantile(part float64, window, by, metric string, matchers ...string) string {
	d := q.described(metric)
	labels := strings.TrimSuffix(strings.TrimPrefix(q.by(d, by), "by ("), ") ")
	if labels != "" {
		labels = ", " + labels
	}
	return fmt.Sprintf("histogram_quantile(%g, sum by (le%s) (rate(%s[%s])))", part, labels, q.selected(d, metric+"_bucket", matchers), window)
}

// share divides two sums of the same labels, of which the first may lack some: nothing of
// it is zero.
func share(part, whole string) string {
	return fmt.Sprintf("(%s or 0 * %s) / %s", part, whole, whole)
}

// orZero is a sum without labels that is zero where there is nothing to be summed up.
func orZero(query string) string { return "(" + query + ") or vector(0)" }
