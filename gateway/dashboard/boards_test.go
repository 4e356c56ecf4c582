package dashboard_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"ficus/gateway/dashboard"
	"ficus/gateway/telemetry"
)

func boards() []dashboard.Board { return dashboard.Boards(telemetry.New().Catalogue()) }

// Grafana's own library reads the boards, and knows all that is in them.
func TestGrafanaKnowsAll(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, b := range boards() {
		var read grafana.Dashboard //nolint:staticcheck // the form that all versions of Grafana load
		var found cog.BuildErrors  // none is an error too
		if err := read.UnmarshalJSONStrict(b.JSON); !errors.As(err, &found) || len(found) > 0 {
			t.Errorf("%s: %v", b.UID, err)
		}
	}
}

// layout is what a board says of its panels.
type layout struct {
	UID    string
	Panels []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  struct{ X, Y, W, H int }
	}
}

// No two panels have one id or one place, and each says what it shows.
func TestPanels(t *testing.T) {
	uids := map[string]bool{}
	for _, b := range boards() {
		var l layout
		if err := json.Unmarshal(b.JSON, &l); err != nil {
			t.Fatal(err)
		}
		if uids[l.UID] || l.UID != b.UID || len(l.UID) > 40 {
			t.Errorf("uid %q", l.UID)
		}
		uids[l.UID] = true
		ids, taken := map[int]bool{}, map[[2]int]string{}
		for _, p := range l.Panels {
			if p.Title == "" || p.Type != "row" && !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: panel %d, %q, says %q", b.UID, p.ID, p.Title, p.Description)
			}
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: the id %d is taken twice", b.UID, p.ID)
			}
			ids[p.ID] = true
			at := p.GridPos
			if at.W < 1 || at.H < 1 || at.X < 0 || at.X+at.W > 24 {
				t.Errorf("%s: %q is not on the grid: %+v", b.UID, p.Title, at)
			}
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %q and %q overlap", b.UID, other, p.Title)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	}
}

// Every metric of the catalogue stands on a board.
func TestEveryMetricIsShown(t *testing.T) {
	var all strings.Builder
	for _, b := range boards() {
		all.WriteString(strings.Join(b.Queries, "\n"))
	}
	for _, m := range telemetry.New().Catalogue() {
		if !strings.Contains(all.String(), m.Name+"{") && !strings.Contains(all.String(), m.Name+"_bucket{") {
			t.Errorf("no board shows %s", m.Name)
		}
	}
}
