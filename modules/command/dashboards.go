package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ficus/gateway/dashboard"
	"ficus/gateway/dashboard/rules"
	"ficus/gateway/telemetry"
)

const dashboardsHelp = `Writes all that Grafana and Prometheus need to watch a gateway, into a folder:

  grafana/dashboards     four boards: overview, one route, backends, the gateway itself
  grafana/provisioning   the data source, and how the boards are loaded
  prometheus             prometheus.yml, and recording and alerting rules

The rules are made for the routes of a folder of route files; boards find routes by
themselves. The same routes and flags give the same files, byte for byte. Other files of
the folder stay as they are.

Exit codes: 0 done, 1 with --check: the folder is not up to date, 2 trouble.`

func dashboardsCommand(c *cobra.Command) {
	c.Example = `  ficus dashboards --out monitoring
  ficus dashboards --out monitoring --check      # for CI: names what differs
  ficus dashboards --out monitoring --gateway gw1:2019 --gateway gw2:2019 \
      --prometheus https://prometheus.example.com --grafana https://grafana.example.com \
      --objective 99.9 --objective checkout=99.99 deploy/routes`
	c.Args = cobra.MaximumNArgs(1)
	flags := c.Flags()
	flags.String("out", "", "the folder to write")
	flags.Bool("check", false, "write nothing; name the files that are not up to date")
	flags.StringArray("gateway", nil, "where Prometheus finds the metrics of a gateway, host:port, once for each (default localhost:2019)")
	flags.String("prometheus", "", "where Grafana finds Prometheus (default http://localhost:9090)")
	flags.String("grafana", "", "where people find Grafana: alerts then lead to the board of their route")
	flags.String("runbook", "", "where people find docs/RUNBOOK.md: alerts lead to its sections")
	flags.StringArray("objective", nil, fmt.Sprintf("percentage of requests to be answered without an error, of all routes or, as route=percentage, of one (default %g)", rules.DefaultObjective))
	for _, name := range []string{"gateway", "prometheus", "grafana", "runbook", "objective"} {
		completeFlag(c, name, nothing)
	}
	tool(c, runDashboards)
}

func runDashboards(c *cobra.Command, args []string) error {
	out, _ := c.Flags().GetString("out")
	if out == "" {
		return fmt.Errorf("--out is missing: say which folder to write")
	}
	options, err := dashboardOptions(c)
	if err != nil {
		return err
	}
	folder := folderArg(args)
	verdict := verdictOf(folder)
	if verdict.Table == nil {
		return brokenFolder{folder, verdict.Problems}
	}
	files, err := dashboard.Files(telemetry.New().Catalogue(), verdict.Table, options)
	if err != nil {
		return err
	}
	do := dashboard.Write
	check, _ := c.Flags().GetBool("check")
	if check {
		do = dashboard.Compare
	}
	differences, err := do(out, files)
	if err != nil {
		return err
	}
	if err := printDifferences(c, differences); err != nil {
		return err
	}
	if check && len(differences) > 0 {
		return errFound
	}
	return nil
}

func printDifferences(c *cobra.Command, differences []dashboard.Difference) error {
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"differences": append([]dashboard.Difference{}, differences...)})
	}
	for _, d := range differences {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", d.Path, d.What); err != nil {
			return err
		}
	}
	return nil
}

func dashboardOptions(c *cobra.Command) (o dashboard.Options, err error) {
	flags := c.Flags()
	o.Gateways, _ = flags.GetStringArray("gateway")
	o.Prometheus, _ = flags.GetString("prometheus")
	o.Rules.Runbook, _ = flags.GetString("runbook")
	if grafana, _ := flags.GetString("grafana"); grafana != "" {
		o.Rules.Board = strings.TrimSuffix(grafana, "/") + "/d/" + dashboard.RouteUID
	}
	objectives, _ := flags.GetStringArray("objective")
	for _, text := range objectives {
		route, percent, of := strings.Cut(text, "=")
		if !of {
			percent = text
		}
		value, err := strconv.ParseFloat(percent, 64)
		switch {
		case err != nil || value <= 0 || value >= 100:
			return o, fmt.Errorf("--objective %s: want a percentage above 0 and below 100", text)
		case !of:
			o.Rules.Objective = value
		default:
			if o.Rules.Objectives == nil {
				o.Rules.Objectives = map[string]float64{}
			}
			o.Rules.Objectives[route] = value
		}
	}
	return o, nil
}
