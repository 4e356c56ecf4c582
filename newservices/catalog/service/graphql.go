package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"ficus/newservices/catalog/internal/docstore"
	"ficus/newservices/catalog/internal/graph"
	"ficus/newservices/internal/shopapi"
)

func newGraph(api *shopapi.API) (*graph.Graph, error) {
	return graph.New(graph.Config{ProductURL: api.ProductURL, PictureURL: picture, Tags: api.InNoOrder, Sorts: sortNames})
}

// graphQLPost takes {"query": …, "operationName": …, "variables": …}.
func (s *Service) graphQLPost(w http.ResponseWriter, r *http.Request, _ shopapi.Visit) error {
	var q graph.Request
	if err := shopapi.ReadJSON(r, &q); err != nil {
		return err
	}
	return s.answerGraphQL(w, r, q)
}

// graphQLGet takes the same in the query, with variables as JSON.
func (s *Service) graphQLGet(w http.ResponseWriter, r *http.Request, _ shopapi.Visit) error {
	in := r.URL.Query()
	q := graph.Request{Query: in.Get("query"), OperationName: in.Get("operationName")}
	if text := in.Get("variables"); text != "" {
		if err := json.Unmarshal([]byte(text), &q.Variables); err != nil {
			return shopapi.BadJSON(fmt.Sprintf("variables are not JSON: %v", err))
		}
	}
	return s.answerGraphQL(w, r, q)
}

func (s *Service) answerGraphQL(w http.ResponseWriter, r *http.Request, q graph.Request) error {
	if q.Query == "" {
		return badRequest("bad_query", "the request lacks a query")
	}
	view := s.store.View()
	if view == nil {
		return errNotImported
	}
	response, err := s.graph.Do(r.Context(), moment{view}, q)
	if errors.Is(err, graph.ErrElsewhere) { // who sent it here should have asked the monolith (RFC 9110, 15.5.20)
		return &shopapi.Failure{Status: http.StatusMisdirectedRequest, Code: "misdirected", Message: err.Error()}
	}
	if err != nil {
		return err
	}
	response.Extensions = map[string]any{"generated_at": s.api.Stamp().GeneratedAt}
	status := http.StatusOK
	if response.Data == nil { // not even begun: a syntax error, an unknown field, too deep
		status = http.StatusBadRequest
	}
	s.api.WriteJSON(w, r, status, response)
	return nil
}

// moment is the catalog of one view, for the graph.
type moment struct{ view *docstore.View }

func (m moment) Product(id int64) *docstore.Document { return m.view.Document(id) }

func (m moment) Products(f graph.Filter) (page []*docstore.Document, total int) {
	return query{words: f.Words, category: f.Category, sort: f.Sort, page: f.Page, perPage: f.PerPage}.run(m.view)
}
