package dashboard

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"

	"ficus/gateway/dashboard/rules"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// Options are what the files depend on beside catalogue and table. The zero value is usable.
type Options struct {
	// Gateways are where Prometheus finds the metrics of the gateways, each host:port.
	// Default: the admin endpoint of one on the same machine, localhost:2019.
	Gateways []string

	// Prometheus is the address at which Grafana finds Prometheus. Default:
	// http://localhost:9090.
	Prometheus string

	// Rules are those of the rules.
	Rules rules.Options
}

// A File is one that Grafana or Prometheus loads.
type File struct {
	Path string `json:"path"` // in the folder, with slashes
	Data []byte `json:"-"`
}

// Where the files lie.
const (
	boardsFolder = "grafana/dashboards"
	rulesFolder  = "prometheus"
)

// Files returns all that Grafana and Prometheus need: boards and how they are loaded, rules
// for the routes of a table, and what is scraped. It fails on options that can't be meant.
func Files(catalogue []telemetry.Description, table *routetable.Table, o Options) ([]File, error) {
	if len(o.Gateways) == 0 {
		o.Gateways = []string{"localhost:2019"}
	}
	o.Prometheus = cmp.Or(o.Prometheus, "http://localhost:9090")
	if err := o.check(); err != nil {
		return nil, err
	}
	var files []File
	for _, b := range Boards(catalogue) {
		files = append(files, File{boardsFolder + "/" + b.UID + ".json", b.JSON})
	}
	files = append(files,
		File{"grafana/provisioning/dashboards/ficus.yml", []byte(dashboardProvider)},
		File{"grafana/provisioning/datasources/ficus.yml", fmt.Appendf(nil, dataSource, o.Prometheus)},
		File{"prometheus/prometheus.yml", fmt.Appendf(nil, scrapeConfig, quoted(o.Gateways))},
	)
	made, err := rules.Files(table, o.Rules)
	if err != nil {
		return nil, err
	}
	for _, f := range made {
		files = append(files, File{rulesFolder + "/" + f.Name, f.Data})
	}
	return files, nil
}

func (o Options) check() error {
	for _, g := range o.Gateways {
		if host, port, err := net.SplitHostPort(g); err != nil || host == "" || port == "" {
			return fmt.Errorf("%q is no address of a gateway: want host:port", g)
		}
	}
	if u, err := url.Parse(o.Prometheus); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no address of Prometheus: want http://host:port", o.Prometheus)
	}
	return nil
}

// quoted is a list of texts as YAML has it.
func quoted(list []string) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(texts, ", ")
}

const dashboardProvider = `# How Grafana finds the boards: in a folder that is to be put there. Made by "ficus dashboards".
apiVersion: 1
providers:
  - name: ficus
    folder: Ficus
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards/ficus
`

const dataSource = `# Where Grafana finds Prometheus. Made by "ficus dashboards".
apiVersion: 1
datasources:
  - name: Ficus
    uid: ficus-prometheus
    type: prometheus
    access: proxy
    url: %q
    jsonData:
      httpMethod: POST
      timeInterval: 15s # as prometheus.yml scrapes: rates reach over four scrapes
`

const scrapeConfig = `# What Prometheus scrapes, and the rules it evaluates. Made by "ficus dashboards".
global:
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files: ["*.rules.yml"]

# To be told of alerts, say here where the Alertmanager is.
#alerting:
#  alertmanagers:
#    - static_configs: [ { targets: ["localhost:9093"] } ]

scrape_configs:
  - job_name: ficus
    # Boards and rules need no more than the text that every Prometheus scrapes. Durations
    # come as native histograms too, and with exemplars, where it asks for protobuf: see
    # scrape_native_histograms and always_scrape_classic_histograms in its manual, and keep
    # the classic ones, which boards and rules ask for.
    static_configs:
      - targets: [%s]
`
