package routefile

import (
	"fmt"

	"github.com/goccy/go-yaml/token"

	"ficus/gateway/route"
)

// The YAML parser recurses, a mapping costs it the square of its keys, and whatever
// stands in the list of routes becomes one: all are bounded before it runs.
const (
	maxDepth = 64      // lists and mappings inside of each other
	maxKeys  = 2000    // of one mapping
	maxItems = 200_000 // of one list
)

// shape is how a file nests, as far as its tokens tell.
type shape struct {
	open []level // the innermost last
	flow int     // how many of them are [ or {
}

// level is a list or a mapping that is open.
type level struct {
	column int // where it stands; 0 for [ and {
	keys   int
	items  int
}

// guardShape refuses what would exhaust the parser.
func guardShape(file string, tokens token.Tokens) *route.Problem {
	var s shape
	for _, t := range tokens {
		place := t.Position
		if t.Type == token.MappingValueType && t.Prev != nil && t.Prev.Position.Line == place.Line {
			place = t.Prev.Position // the key's
		}
		if message, hint := s.take(t.Type, place.Column); message != "" {
			return &route.Problem{
				Code: route.CodeSyntax, Origin: route.Origin{File: file, Line: place.Line, Column: place.Column},
				Message: message, Hint: hint,
			}
		}
	}
	return nil
}

// take goes on by one token, and says what is too much.
func (s *shape) take(t token.Type, column int) (message, hint string) {
	switch t {
	case token.DocumentHeaderType, token.DocumentEndType:
		*s = shape{}
	case token.SequenceStartType, token.MappingStartType:
		s.open = append(s.open, level{})
		s.flow++
	case token.SequenceEndType, token.MappingEndType:
		if s.flow > 0 {
			s.open = s.open[:len(s.open)-1]
			s.flow--
		}
	case token.SequenceEntryType:
		s.standAt(column)
		s.open[len(s.open)-1].items++
	case token.CollectEntryType: // a comma
		if s.flow > 0 {
			s.open[len(s.open)-1].items++
		}
	case token.MappingKeyType, token.MappingValueType:
		s.standAt(column)
		s.open[len(s.open)-1].keys++
	}
	switch n := len(s.open); {
	case n > maxDepth:
		return fmt.Sprintf("more than %d lists and mappings are inside of each other", maxDepth), ""
	case n > 0 && s.open[n-1].keys > maxKeys:
		return fmt.Sprintf("the mapping has more than %d keys", maxKeys), "divide it among several files"
	case n > 0 && s.open[n-1].items > maxItems:
		return fmt.Sprintf("the list has more than %d entries", maxItems), "divide it among several files"
	}
	return "", ""
}

// standAt closes what stands further right than a column, and opens a level there
// unless there is one. Inside of brackets columns mean nothing.
func (s *shape) standAt(column int) {
	if s.flow > 0 {
		return
	}
	for n := len(s.open); n > 0 && s.open[n-1].column > column; n-- {
		s.open = s.open[:n-1]
	}
	if n := len(s.open); n == 0 || s.open[n-1].column < column {
		s.open = append(s.open, level{column: column})
	}
}
