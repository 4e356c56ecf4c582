package service

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ficus/newservices/catalog/internal/docstore"
	"ficus/newservices/internal/shopapi"
)

// query is what a list is asked for.
type query struct {
	words    string // each must occur in a product's search text
	category string // a slug; "" is all
	sort     string
	page     int // from 1
	perPage  int
}

// The bounds of the monolith's product list.
const (
	maxWords       = 200 // bytes
	maxPage        = 100_000
	maxPerPage     = 100
	defaultPerPage = 24
)

var sortNames = []string{"featured", "name", "price", "-price", "newest"}

// readQuery reads q, category, sort, page and per_page.
func readQuery(in url.Values) (query, error) {
	q := query{words: strings.Join(strings.Fields(in.Get("q")), " "), category: in.Get("category"), sort: cmp.Or(in.Get("sort"), "featured")}
	if len(q.words) > maxWords {
		return q, badRequest("bad_query", fmt.Sprintf("q may have up to %d characters", maxWords))
	}
	if !slices.Contains(sortNames, q.sort) {
		return q, badRequest("bad_sort", "sort must be one of "+strings.Join(sortNames, ", "))
	}
	var err error
	if q.page, err = number(in, "page", 1, maxPage); err != nil {
		return q, err
	}
	q.perPage, err = number(in, "per_page", defaultPerPage, maxPerPage)
	return q, err
}

func number(in url.Values, name string, absent, most int) (int, error) {
	if !in.Has(name) {
		return absent, nil
	}
	n, err := strconv.Atoi(in.Get(name))
	if err != nil || n < 1 || n > most {
		return 0, badRequest("bad_"+name, fmt.Sprintf("%s must be a number from 1 to %d", name, most))
	}
	return n, nil
}

func badRequest(code, message string) error {
	return &shopapi.Failure{Status: http.StatusBadRequest, Code: code, Message: message}
}

// run returns one page of what the query finds, and how much it finds in all.
func (q query) run(view *docstore.View) (page []*docstore.Document, total int) {
	words := strings.Fields(strings.ToLower(q.words))
	var found []*docstore.Document
	for _, d := range view.Documents {
		if (q.category == "" || d.Category == q.category) && containsAll(d.SearchText, words) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, q.order()) // by id they are already
	from := min((q.page-1)*q.perPage, len(found))
	return found[from:min(from+q.perPage, len(found))], len(found)
}

func containsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// order compares as the monolith sorts; what is equal stays in the order of ids.
func (q query) order() func(a, b *docstore.Document) int {
	switch q.sort {
	case "name":
		return func(a, b *docstore.Document) int { return cmp.Compare(a.Name, b.Name) }
	case "price":
		return func(a, b *docstore.Document) int { return cmp.Compare(a.PriceCents, b.PriceCents) }
	case "-price":
		return func(a, b *docstore.Document) int { return cmp.Compare(b.PriceCents, a.PriceCents) }
	case "newest":
		return func(a, b *docstore.Document) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
		}
	}
	return func(a, b *docstore.Document) int { return cmp.Compare(a.ID, b.ID) }
}
