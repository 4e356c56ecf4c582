package importer

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// paths is what patterns can say of an expression for paths, or of a prefix or glob.
type paths struct {
	patterns []string // paths of matches
	notes    []string // how the patterns differ from what they are made of
}

var errNoPattern = errors.New("no pattern says this")

// maxBranches is how many patterns one expression may become.
const maxBranches = 16

// fromRegexp turns an expression into patterns: one that begins at the beginning and
// goes segment by segment, such as ^/api/users/\d+$. What takes less than a whole
// segment becomes a wildcard, which is noted.
func fromRegexp(text string) (paths, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return paths{}, fmt.Errorf("%w: %w", errNoPattern, err)
	}
	branches, err := expand(tree)
	if err != nil {
		return paths{}, err
	}
	var out paths
	for _, branch := range branches {
		p, err := patternsOf(branch)
		if err != nil {
			return paths{}, err
		}
		out.add(p)
	}
	return out, nil
}

func (p *paths) add(other paths) {
	for _, pattern := range other.patterns {
		if !slices.Contains(p.patterns, pattern) {
			p.patterns = append(p.patterns, pattern)
		}
	}
	for _, note := range other.notes {
		if !slices.Contains(p.notes, note) {
			p.notes = append(p.notes, note)
		}
	}
}

type tokenKind uint8

const (
	text  tokenKind = iota // as it stands
	some                   // one or more characters but slashes
	all                    // anything, also nothing
	begin                  // of the path
	end                    // of the path
)

type token struct {
	kind tokenKind
	text string // or the name of a group
	note string
}

// expand lists the ways in which an expression can go.
func expand(re *syntax.Regexp) ([][]token, error) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return [][]token{{}}, nil
	case syntax.OpLiteral:
		t := token{kind: text, text: string(re.Rune)}
		if re.Flags&syntax.FoldCase != 0 {
			t.text, t.note = strings.ToLower(t.text), "narrower: lower case alone"
		}
		return [][]token{{t}}, nil
	case syntax.OpBeginText, syntax.OpBeginLine:
		return [][]token{{{kind: begin}}}, nil
	case syntax.OpEndText, syntax.OpEndLine:
		return [][]token{{{kind: end}}}, nil
	case syntax.OpCapture:
		return expandCapture(re)
	case syntax.OpConcat:
		return expandConcat(re.Sub)
	case syntax.OpAlternate:
		return expandAlternate(re.Sub)
	case syntax.OpQuest:
		branches, err := expand(re.Sub[0])
		return append(branches, []token{}), err
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpPlus, syntax.OpStar, syntax.OpRepeat:
		return expandCharacters(re)
	}
	return nil, fmt.Errorf("%w: %s", errNoPattern, re)
}

func expandCapture(re *syntax.Regexp) ([][]token, error) {
	branches, err := expand(re.Sub[0])
	for _, branch := range branches {
		for i := range branch {
			if (branch[i].kind == some || branch[i].kind == all) && re.Name != "" {
				branch[i].text = re.Name
			}
		}
	}
	return branches, err
}

func expandConcat(subs []*syntax.Regexp) ([][]token, error) {
	branches := [][]token{{}}
	for _, sub := range subs {
		next, err := expand(sub)
		if err != nil {
			return nil, err
		}
		if len(branches)*len(next) > maxBranches {
			return nil, fmt.Errorf("%w: it has more than %d ways to go", errNoPattern, maxBranches)
		}
		var longer [][]token
		for _, b := range branches {
			for _, n := range next {
				longer = append(longer, append(b[:len(b):len(b)], n...))
			}
		}
		branches = longer
	}
	return branches, nil
}

func expandAlternate(subs []*syntax.Regexp) ([][]token, error) {
	var branches [][]token
	for _, sub := range subs {
		next, err := expand(sub)
		if err != nil {
			return nil, err
		}
		branches = append(branches, next...)
	}
	if len(branches) > maxBranches {
		return nil, fmt.Errorf("%w: it has more than %d ways to go", errNoPattern, maxBranches)
	}
	return branches, nil
}

// expandCharacters reads classes of characters and their repetitions.
func expandCharacters(re *syntax.Regexp) ([][]token, error) {
	class, least := re, 1
	many := re.Op == syntax.OpPlus || re.Op == syntax.OpStar || re.Op == syntax.OpRepeat
	if many {
		class = re.Sub[0]
		for class.Op == syntax.OpCapture {
			class = class.Sub[0]
		}
	}
	switch {
	case re.Op == syntax.OpStar:
		least = 0
	case re.Op == syntax.OpRepeat:
		least = re.Min
	}
	any := class.Op == syntax.OpAnyChar || class.Op == syntax.OpAnyCharNotNL
	if class.Op != syntax.OpCharClass && !any {
		return nil, fmt.Errorf("%w: %s", errNoPattern, re)
	}
	name := nameOf(class)
	switch {
	case (any || takes(class, '/')) && many:
		t := token{kind: all, text: "rest"}
		if least > 0 || !any {
			t.note = fmt.Sprintf("wider: anything and nothing, not %s alone", re)
		}
		return [][]token{{t}}, nil
	case any:
		return nil, fmt.Errorf("%w: %s takes slashes too", errNoPattern, re)
	}
	t := token{kind: some, text: name}
	if !takesAllBut(class, '/') || !many || re.Op == syntax.OpRepeat {
		t.note = fmt.Sprintf("wider: any segment, not %s alone", re)
	}
	if least == 0 {
		return [][]token{{t}, {}}, nil
	}
	return [][]token{{t}}, nil
}

// takes reports whether a class takes a character.
func takes(class *syntax.Regexp, c rune) bool {
	for i := 0; i+1 < len(class.Rune); i += 2 {
		if class.Rune[i] <= c && c <= class.Rune[i+1] {
			return true
		}
	}
	return false
}

func takesAllBut(class *syntax.Regexp, c rune) bool {
	return len(class.Rune) == 4 && class.Rune[0] == 0 && class.Rune[1] == c-1 && class.Rune[2] == c+1
}

// nameOf names a wildcard by what it takes.
func nameOf(class *syntax.Regexp) string {
	if class.Op == syntax.OpCharClass && takes(class, '0') {
		return "id"
	}
	return "name"
}
