// Package dashboard is the room where Grafana's boards are made: an overview of the
// migration, one board about a route, one about backends and one about the gateway itself.
//
// They ask for metrics of the catalogue, so that a board can't show what is not exposed,
// and find routes and backends by themselves: a board need not be made anew where a route
// comes, goes or moves. They need a plain scrape of Caddy's /metrics, and no plugin.
// "ficus dashboards" writes them with all that Grafana and Prometheus need to load them;
// deploy/ holds those of the shipped routes.
package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"

	"ficus/gateway/telemetry"
)

// The identifiers of the boards, by which links find them. They stay as they are.
const (
	OverviewUID = "ficus-overview"
	RouteUID    = "ficus-route"
	BackendUID  = "ficus-backend"
	GatewayUID  = "ficus-gateway"
)

// A Board is one dashboard of Grafana.
type Board struct {
	UID     string
	Title   string
	JSON    []byte   // as Grafana loads it
	Queries []string // all that it asks Prometheus, its variables' aside; with Grafana's variables in them
}

// Boards returns all boards. Metrics of the catalogue that it does not know are not shown.
func Boards(catalogue []telemetry.Description) []Board {
	all := map[string]telemetry.Description{}
	for _, d := range catalogue {
		all[d.Name] = d
	}
	var boards []Board
	for _, make := range []func(map[string]telemetry.Description) *board{overviewBoard, routeBoard, backendBoard, gatewayBoard} {
		boards = append(boards, make(all).written())
	}
	return boards
}

// board is one that is being made, from top to bottom.
type board struct {
	queries
	grafanaBoard
	y int
}

// columns is how wide Grafana's grid is.
const columns = 24

func newBoard(catalogue map[string]telemetry.Description, uid, title, about string, variables ...variable) *board {
	b := &board{queries: queries{catalogue: catalogue}}
	b.grafanaBoard = grafanaBoard{
		UID: uid, Title: title, Description: about, Tags: []string{"ficus"}, SchemaVersion: schemaVersion, Version: 1,
		Editable: true, Timezone: "browser", Refresh: "30s", GraphTooltip: 1, Time: timeRange{"now-3h", "now"},
		Templating:  templating{append([]variable{datasourceVariable, jobVariable}, variables...)},
		Annotations: annotations{[]annotation{}},
		Links: []boardLink{{
			Title: "Ficus", Type: "dashboards", Tags: []string{"ficus"}, IncludeVars: true, KeepTime: true, Icon: "external link",
		}},
		Panels: []*panel{},
	}
	for _, v := range variables {
		b.variables = append(b.variables, v.Name)
	}
	return b
}

// row adds panels beside each other, of one height. With a title they begin a part of the
// board.
func (b *board) row(title string, height int, panels ...*panel) {
	if title != "" {
		no, none := false, []*panel{}
		b.place(&panel{Type: "row", Title: title, Collapsed: &no, Panels: &none}, 0, columns, 1)
		b.y++
	}
	width := columns / len(panels)
	for i, p := range panels {
		b.place(p, i*width, width, height)
	}
	b.y += height
}

func (b *board) place(p *panel, x, width, height int) {
	p.ID, p.GridPos = len(b.Panels)+1, gridPos{H: height, W: width, X: x, Y: b.y}
	b.Panels = append(b.Panels, p)
}

// mark shows what a query finds as an annotation, where its value is not zero.
func (b *board) mark(name, color, title, query string) {
	b.Annotations.List = append(b.Annotations.List, annotation{
		Name: name, Enable: true, IconColor: color, Datasource: prometheus, Expr: query, Step: "60s", TitleFormat: title, TextFormat: name,
	})
}

func (b *board) written() Board {
	w := Board{UID: b.UID, Title: b.Title}
	for _, p := range b.Panels {
		for _, t := range p.Targets {
			w.Queries = append(w.Queries, t.Expr)
		}
	}
	for _, a := range b.Annotations.List {
		w.Queries = append(w.Queries, a.Expr)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b.grafanaBoard); err != nil {
		panic(fmt.Sprintf("dashboard: %s can't be written: %v", b.UID, err))
	}
	w.JSON = text.Bytes()
	return w
}
