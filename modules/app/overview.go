package app

import (
	"time"

	"ficus/gateway/console"
	"ficus/gateway/overview"
	"ficus/gateway/tools/explain"
)

// Overview returns where the state of the gateway is read.
func (a *App) Overview() overview.Source {
	return overview.Source{
		Status: a.runtime.tables.Status, Kills: a.runtime.kills.Kills, Changes: a.runtime.changes,
		History: a.runtime.history, Live: a.runtime.backends.Status, Now: time.Now,
		Findings: a.runtime.shadow.Findings,
	}
}

// Console returns what a console shows. Hosts are names under which it may be asked for.
func (a *App) Console(hosts []string) *console.Console {
	return console.New(console.Config{
		Source: a.Overview(), Tables: a.runtime.tables, Kill: a.runtime.kills, Mined: a.runtime.mined, Hosts: hosts,
		Gateway: explain.Gateway{Key: a.runtime.pipeline.Key, Kills: a.runtime.pipeline.Kills},
	})
}
