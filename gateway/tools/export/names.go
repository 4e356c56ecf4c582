package export

import "fmt"

// names gives each id a name that the target accepts, and no two the same.
type names struct {
	clean func(string) string
	byID  map[string]string
	taken map[string]bool
}

func newNames(clean func(string) string) *names {
	return &names{clean: clean, byID: map[string]string{}, taken: map[string]bool{}}
}

func (n *names) of(id string) string {
	if name := n.byID[id]; name != "" {
		return name
	}
	name := n.clean(id)
	for i := 2; n.taken[name]; i++ {
		name = fmt.Sprintf("%s%d", n.clean(id), i)
	}
	n.byID[id], n.taken[name] = name, true
	return name
}
