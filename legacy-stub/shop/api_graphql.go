package shop

import (
	"encoding/json"
	"fmt"
	"net/http"

	"ficus/legacy-stub/shop/graph"
)

// graphqlPost takes {"query": …, "operationName": …, "variables": …}.
func (s *Shop) graphqlPost(w http.ResponseWriter, r *http.Request, v *visit) error {
	var q graph.Request
	if err := readJSON(r, &q); err != nil {
		return err
	}
	return s.graphql(w, r, graphViewer(v), q)
}

// graphqlGet takes the same in the query, with variables as JSON, and runs no mutations.
func (s *Shop) graphqlGet(w http.ResponseWriter, r *http.Request, v *visit) error {
	in := r.URL.Query()
	q := graph.Request{Query: in.Get("query"), OperationName: in.Get("operationName")}
	if text := in.Get("variables"); text != "" {
		if err := json.Unmarshal([]byte(text), &q.Variables); err != nil {
			return fail(http.StatusBadRequest, "bad_json", fmt.Sprintf("variables are not JSON: %v", err))
		}
	}
	viewer := graphViewer(v)
	viewer.ReadOnly = true
	return s.graphql(w, r, viewer, q)
}

func graphViewer(v *visit) graph.Viewer {
	g := graph.Viewer{CartID: v.session.CartID}
	if v.user() != nil {
		g.UserID = v.user().ID
	}
	return g
}

func (s *Shop) graphql(w http.ResponseWriter, r *http.Request, viewer graph.Viewer, q graph.Request) error {
	if q.Query == "" {
		return fail(http.StatusBadRequest, "bad_query", "the request lacks a query")
	}
	resp := s.graph.Do(r.Context(), viewer, q)
	if graph.RefusedMutation(resp) {
		w.Header().Set("Allow", http.MethodPost)
		return fail(http.StatusMethodNotAllowed, "method_not_allowed", graph.ErrReadOnly.Error())
	}
	for _, err := range graph.Internal(resp) {
		s.log.ErrorContext(r.Context(), "answering a GraphQL query", "error", err)
	}
	resp.Extensions = map[string]any{"generated_at": s.stampNow().GeneratedAt}
	status := http.StatusOK
	if resp.Data == nil { // not even begun: a syntax error, an unknown field, too deep
		status = http.StatusBadRequest
	}
	s.writeJSON(w, r, status, resp)
	return nil
}
