package routes_test

import (
	"io/fs"
	"slices"
	"testing"

	"ficus/gateway/authz"
	"ficus/routes"
)

// The shipped policies compile, strictly, and their own tests pass.
func TestPolicies(t *testing.T) {
	folder, err := fs.Sub(routes.Files, "policies")
	if err != nil {
		t.Fatal(err)
	}
	set, problems := authz.Load(t.Context(), folder, "routes/policies")
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	if set.Tests < 20 {
		t.Errorf("%d tests passed", set.Tests)
	}
	want := []string{"shop.account", "shop.admin", "shop.browse", "shop.cart", "shop.checkout", "shop.graphql", "shop.orders"}
	if got := set.Names(); !slices.Equal(got, want) {
		t.Errorf("policies %q, want %q", got, want)
	}
}
