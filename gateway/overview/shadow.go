package overview

import (
	"math"

	"ficus/gateway/parity"
	"ficus/gateway/shadow"
)

// Shadow is what copies of requests came to, since the process began.
type Shadow struct {
	Copies   uint64            `json:"copies"`             // that were sent
	Compared uint64            `json:"compared"`           // of them: both answers were there and could be compared
	Alike    uint64            `json:"alike"`              // of those
	Results  map[string]uint64 `json:"results"`            // by result, as in ficus_shadow_total
	Dropped  map[string]uint64 `json:"dropped,omitempty"`  // requests without a copy, by reason
	Findings []shadow.Finding  `json:"findings,omitempty"` // of late, the most frequent first; of one route
}

// Parity returns the share of compared answers that were alike, 0 to 1; NaN for none.
func (s *Shadow) Parity() Number {
	if s == nil || s.Compared == 0 {
		return Number(math.NaN())
	}
	return Number(s.Alike) / Number(s.Compared)
}

// AlikePercent is the parity in percent, rounded down to a hundredth: nearly all are not all.
func (s *Shadow) AlikePercent() Number { return Number(math.Floor(float64(s.Parity())*10_000) / 100) }

// Without returns how many requests had no copy.
func (s *Shadow) Without() (n uint64) {
	for _, dropped := range s.Dropped {
		n += dropped
	}
	return n
}

// shadowOf returns what is known of a route's copies; nil where there were none.
func (s Source) shadowOf(id string) *Shadow {
	totals, ok := s.History.Metrics.ReadShadow(id)
	if !ok {
		return nil
	}
	found := &Shadow{Results: totals.Results, Dropped: totals.Dropped}
	for result, n := range totals.Results {
		found.Copies += n
		switch kind := parity.Kind(result); {
		case kind == parity.Match:
			found.Alike += n
			found.Compared += n
		case kind.Mismatch():
			found.Compared += n
		}
	}
	return found
}

// add adds up another route's.
func (s *Shadow) add(other *Shadow) *Shadow {
	if other == nil {
		return s
	}
	if s == nil {
		s = &Shadow{Results: map[string]uint64{}, Dropped: map[string]uint64{}}
	}
	s.Copies, s.Compared, s.Alike = s.Copies+other.Copies, s.Compared+other.Compared, s.Alike+other.Alike
	for result, n := range other.Results {
		s.Results[result] += n
	}
	for reason, n := range other.Dropped {
		s.Dropped[reason] += n
	}
	return s
}
