package mining

import "strings"

// Bounds of the tree. A node takes about 250 bytes, so all of it stays below 8 MiB.
const (
	maxNodes = 20_000
	maxDepth = 12 // segments; what lies deeper is one {rest...}
)

// maxLiterals is how many literals may stand side by side, by depth: pages of a monolith
// are many at the top. Where there are more, those that are not outstanding are names of
// things, and become one wildcard.
func maxLiterals(depth int) int {
	switch depth {
	case 0:
		return 250
	case 1:
		return 100
	}
	return 30
}

// outstanding is the share of a node's requests that keeps a literal out of a wildcard.
const outstanding = 0.02

// tree holds what was taken, segment by segment.
type tree struct {
	root  *node
	nodes int
	lost  uint64 // requests without room
}

// node is one place in the tree: what has been seen up to here.
type node struct {
	literals map[string]*node
	wild     *node
	merged   bool // there were too many literals: new ones are wild

	kinds   [kinds]bool // that went into this node, where it is a wildcard
	rest    bool        // and all that follows
	under   float64     // requests here and below, faded
	methods [len(methods)]float32
}

// methods are told apart; the last stands for all others.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}

func methodIndex(method string) int {
	for i, m := range methods[:len(methods)-1] {
		if m == method {
			return i
		}
	}
	return len(methods) - 1
}

func newTree() tree { return tree{root: &node{}} }

// add takes one request. A path that no pattern can say is passed over.
func (t *tree) add(method, path string) {
	if path == "" || path[0] != '/' || strings.Contains(path, "//") {
		return
	}
	if t.nodes > maxNodes-maxDepth-1 && !t.prune() {
		t.lost++
		return
	}
	n, before := t.root, ""
	n.under++
	for depth, rest := 0, path[1:]; ; depth++ {
		segment, after, more := strings.Cut(rest, "/")
		n = t.child(n, segment, before, depth)
		n.under++
		if n.rest = n.rest || depth == maxDepth-1; n.rest || !more {
			break
		}
		rest, before = after, segment
	}
	n.methods[methodIndex(method)]++
}

// child returns the node that a segment leads to.
func (t *tree) child(n *node, segment, before string, depth int) *node {
	k := classify(segment, before)
	if depth == maxDepth-1 {
		k = other
	}
	if k == literal {
		if next := n.literals[segment]; next != nil {
			return next
		}
		if !n.merged && len(n.literals) >= maxLiterals(depth) {
			t.merge(n, depth)
			if next := n.literals[segment]; next != nil {
				return next
			}
		}
		if !n.merged || segment == "" {
			if n.literals == nil {
				n.literals = map[string]*node{}
			}
			next := &node{}
			n.literals[strings.Clone(segment)] = next
			t.nodes++
			return next
		}
		k = word
	}
	if n.wild == nil {
		n.wild = &node{}
		t.nodes++
	}
	n.wild.kinds[k] = true
	return n.wild
}

// merge makes a wildcard of the literals of a node that are not outstanding.
func (t *tree) merge(n *node, depth int) {
	n.merged = true
	for segment, child := range n.literals {
		if segment == "" || child.under >= outstanding*n.under && len(n.literals) <= 2*maxLiterals(depth) {
			continue
		}
		delete(n.literals, segment)
		child.kinds[word] = true
		n.wild = t.join(n.wild, child, depth+1)
	}
}

// join adds a node to another one, and returns that. Either may be nil.
func (t *tree) join(into, from *node, depth int) *node {
	if into == nil || from == nil {
		if into == nil {
			return from
		}
		return into
	}
	t.nodes--
	into.under += from.under
	into.rest, into.merged = into.rest || from.rest, into.merged || from.merged
	for i := range from.methods {
		into.methods[i] += from.methods[i]
	}
	for k := range from.kinds {
		into.kinds[k] = into.kinds[k] || from.kinds[k]
	}
	into.wild = t.join(into.wild, from.wild, depth+1)
	for segment, child := range from.literals {
		if into.literals == nil {
			into.literals = map[string]*node{}
		}
		if joined := t.join(into.literals[segment], child, depth+1); joined != nil {
			into.literals[segment] = joined
		}
	}
	if len(into.literals) > maxLiterals(depth) {
		t.merge(into, depth)
	}
	return into
}

// prune makes room by forgetting what was seen least. It reports whether there is any.
func (t *tree) prune() bool {
	for range 20 {
		if t.nodes <= maxNodes*3/4 {
			return true
		}
		t.fade(.5)
	}
	return t.nodes <= maxNodes*3/4
}

// fade makes all counts smaller, and drops what is next to nothing then.
func (t *tree) fade(by float64) {
	t.nodes = 0
	t.fadeNode(t.root, by)
}

const nothing = 0.5

func (t *tree) fadeNode(n *node, by float64) {
	n.under *= by
	for i := range n.methods {
		n.methods[i] *= float32(by)
	}
	for segment, child := range n.literals {
		if child.under*by < nothing {
			delete(n.literals, segment)
			continue
		}
		t.nodes++
		t.fadeNode(child, by)
	}
	if len(n.literals) == 0 {
		n.merged = false
	}
	if n.wild != nil && n.wild.under*by < nothing {
		n.wild = nil
	}
	if n.wild != nil {
		t.nodes++
		t.fadeNode(n.wild, by)
	}
}
