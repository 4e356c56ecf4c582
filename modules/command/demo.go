package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/spf13/cobra"

	"ficus/gateway/demo"
	"ficus/gateway/freeport"
	"ficus/routes"
)

const demoHelp = `Boots a shop (the monolith), four new services and the gateway in front of them, all
in this process and on loopback, and prints where they are and what to try. Ctrl-C
ends all of it.

  --addr HOST:PORT   where the gateway listens (default 127.0.0.1:0, any free port)
  --dir DIR          keeps data and a copy of the route files in DIR; without it they
                     lie in a temporary folder that is removed at the end
  --json             prints one line when all is ready, for scripts:
                     {"url","admin","metrics","console","routes","legacy"}; logs go to standard
                     error

Exit codes: 0 after Ctrl-C, 1 if something could not start.`

// startTimeout bounds the boot: the shop's database is made and filled in it.
const startTimeout = time.Minute

func demoCommand(c *cobra.Command) {
	c.Flags().String("addr", "127.0.0.1:0", "where the gateway listens; port 0 is any free port")
	c.Flags().String("dir", "", "folder for data and route files, kept (default: temporary)")
	c.Flags().Bool("json", false, "print one line of JSON when all is ready, and nothing else, on standard output")
	completeFlag(c, "addr", nothing)
	completeFlag(c, "dir", folders)
	c.Args, c.ValidArgsFunction = cobra.NoArgs, nothing
	c.SilenceUsage = true
	c.RunE = runDemo
}

func runDemo(command *cobra.Command, _ []string) error {
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := caddycmd.Flags{FlagSet: command.Flags()}
	asJSON := flags.Bool("json")
	addr, err := settled(flags.String("addr"))
	if err != nil {
		return err
	}
	world, err := startWorld(ctx, flags.String("dir"), addr)
	if err != nil {
		return err
	}
	defer func() {
		if err := world.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "ficus demo: ending:", err)
		}
	}()
	gateway, err := startGateway(addr, world, asJSON)
	if err != nil {
		return err
	}
	defer func() { _ = caddy.Stop() }() // what goes wrong is logged
	if asJSON {
		err = json.NewEncoder(os.Stdout).Encode(gateway)
	} else {
		err = gateway.print(os.Stdout, world)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop() // a second Ctrl-C ends the process at once
	if !asJSON {
		fmt.Println("\nEnding.")
	}
	return nil
}

// settled returns where the gateway will listen: the services have to know before.
func settled(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("--addr %q: want HOST:PORT, such as 127.0.0.1:8080", addr)
	}
	if port != "0" {
		return addr, nil
	}
	return freeport.On(host)
}

func startWorld(ctx context.Context, dir, gateway string) (*demo.Demo, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	world, err := demo.Start(ctx, demo.Config{
		Dir: dir, Routes: fs.FS(routes.Files), JWKSURL: "http://" + reachable(gateway) + keysPath,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return nil, err
	}
	for name, value := range world.Environment() {
		if err := os.Setenv(name, value); err != nil { // the route files name them
			return nil, errors.Join(err, world.Close())
		}
	}
	return world, nil
}

// demoGateway says where the parts are that a script may want.
type demoGateway struct {
	URL     string `json:"url"`
	Admin   string `json:"admin"`
	Metrics string `json:"metrics"`
	Console string `json:"console"`
	Routes  string `json:"routes"`
	Legacy  string `json:"legacy"`
}

func startGateway(addr string, world *demo.Demo, asJSON bool) (*demoGateway, error) {
	admin, err := freeport.On("127.0.0.1")
	if err != nil {
		return nil, err
	}
	console, err := freeport.On("127.0.0.1")
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(demoConfig(demoAddresses{addr, admin, console}, world, asJSON))
	if err != nil {
		return nil, err
	}
	if err := caddy.Load(config, true); err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	listens, err := listenAddress()
	if err != nil {
		return nil, err
	}
	return &demoGateway{
		URL: "http://" + listens, Admin: "http://" + admin, Metrics: "http://" + admin + "/metrics",
		Console: "http://" + console, Routes: world.Routes, Legacy: world.Legacy,
	}, nil
}

// listenAddress asks the running configuration where it listens.
func listenAddress() (string, error) {
	module, err := caddy.ActiveContext().AppIfConfigured("http")
	if err != nil {
		return "", err
	}
	for _, listener := range module.(*caddyhttp.App).Servers["demo"].Listeners() {
		return listener.Addr().String(), nil
	}
	return "", errors.New("the gateway listens nowhere")
}

// reachable is an address where who listens on addr is found on this machine.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// keysPath is where the gateway publishes the keys of its internal tokens.
const keysPath = "/.well-known/ficus/jwks.json"

type object = map[string]any

// demoAddresses are where the parts of the demo listen.
type demoAddresses struct{ gateway, admin, console string }

// demoConfig is the shipped Caddyfile's configuration, with a log that shows who
// answered each request.
func demoConfig(at demoAddresses, world *demo.Demo, asJSON bool) object {
	return object{
		"admin":   object{"listen": at.admin, "config": object{"persist": false}},
		"logging": object{"logs": demoLogs(asJSON)},
		"apps": object{
			"ficus": object{
				"routes": world.Routes, "state": filepath.Join(world.Dir, "state"),
				"faults":   true, // what a demo breaks on purpose, nobody misses
				"identity": object{"sources": []object{shopSession(world.Legacy)}},
			},
			"http": object{
				"grace_period": "3s",
				"servers": object{"demo": object{
					"listen":             []string{at.gateway},
					"protocols":          []string{"h1", "h2c"},
					"automatic_https":    object{"disable": true},
					"listener_wrappers":  []object{{"wrapper": "handover"}},
					"read_idle_timeout":  "-1s",
					"write_idle_timeout": "-1s",
					"logs":               object{},
					"routes": []object{
						{"handle": []object{{"handler": "ficus_keys", "path": keysPath}, {"handler": "ficus"}}},
					},
				}, "console": object{
					"listen":             []string{at.console},
					"protocols":          []string{"h1"},
					"automatic_https":    object{"disable": true},
					"write_idle_timeout": "-1s",
					"routes":             []object{{"handle": []object{{"handler": "ficus_console"}}}},
				}},
			},
		},
	}
}

// shopSession is how the gateway knows who is logged in on the monolith: it asks.
func shopSession(legacy string) object {
	return object{
		"source": "identity.introspection", "name": "shop", "url": legacy + "/api/session", "cookies": []string{"shop_session"}, "subject": "id",
		"claims": object{"email": "email", "name": "name", "role": "role", "auth_time": "auth_time"}, "forget": []string{"/login", "/logout"},
	}
}

func demoLogs(asJSON bool) object {
	output := "stdout"
	if asJSON {
		output = "stderr"
	}
	encoder := object{"format": "ficus_line", "color": isTerminal(os.Stdout) && !asJSON && os.Getenv("NO_COLOR") == ""}
	return object{
		"default": object{"level": "WARN", "encoder": encoder, "exclude": []string{"ficus", "http.log.access"}},
		"access":  object{"encoder": encoder, "include": []string{"http.log.access"}, "writer": object{"output": output}},
		"demo": object{
			"encoder": encoder, "include": []string{"ficus"}, "exclude": []string{"ficus.decisions"}, "writer": object{"output": output},
		},
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
