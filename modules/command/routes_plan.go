package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/control"
	"ficus/gateway/tools/accesslog"
	"ficus/gateway/tools/plan"
	"ficus/gateway/tools/revision"
)

func planCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plan old [new]",
		Short: "Says what a change of route files does, by meaning",
		Long: `Compares two versions of the route files, each a folder or a git revision, and says
what changes by meaning: routes and backends key by key, clients that change sides,
policies loosened or tightened, and each set of requests that gets another route or
another treatment, with an example request. Comments, formatting, the order of routes
and files, and where defaults stand, mean nothing.

A revision is what git calls so: HEAD~1, main, v1, or with a path from the top of the
repository, v1:deploy/routes. The new version is the folder on disk unless another is
given.

With an access log it also says how many of the observed requests get another route
or change sides. The log is Caddy's JSON or other JSON lines with method, host and uri,
or has the common or combined format; it may be gzip.

Exit codes: 0 nothing changes in meaning, 1 something does, 2 trouble: no such folder
or revision, or one with errors.`,
		Example: `  ficus routes plan HEAD              # what is not committed yet
  ficus routes plan main feature
  ficus routes plan v1:deploy/routes deploy/routes
  ficus routes plan HEAD --traffic /var/log/caddy/access.log
  zcat access.log.*.gz | ficus routes plan HEAD --traffic -`,
		Args: cobra.RangeArgs(1, 2),
	}
	c.Flags().StringP("dir", "d", defaultFolder, "the folder of route files, on disk and in revisions without a path")
	c.Flags().StringP("traffic", "t", "", "an access log; - is standard input")
	c.Flags().String("host", "", "the host of requests in the log that name none")
	completeFlag(c, "dir", folders)
	completeFlag(c, "host", nothing)
	return tool(c, runPlan)
}

func runPlan(c *cobra.Command, args []string) error {
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, _ := c.Flags().GetString("dir")
	old, err := openVersion(ctx, folder, args[0])
	if err != nil {
		return err
	}
	current, err := openVersion(ctx, folder, append(args, folder)[1])
	if err != nil {
		return err
	}
	if err := errors.Join(brokenVersion(old), brokenVersion(current)); err != nil {
		return err
	}
	report := plan.Of(old, current)
	if file, _ := c.Flags().GetString("traffic"); file != "" {
		if err := observe(ctx, c, report, file); err != nil {
			return err
		}
	}
	if err := report.Print(c.OutOrStdout(), asJSON(c)); err != nil {
		return err
	}
	if report.Changes {
		return errFound
	}
	return nil
}

// openVersion reads and checks a folder or revision.
func openVersion(ctx context.Context, folder, name string) (plan.Version, error) {
	opened, err := revision.Place{Folder: folder}.Open(ctx, name)
	if err != nil {
		return plan.Version{}, err
	}
	return plan.Version{Name: opened.Name, Verdict: control.Check(opened.FS, opened.Name, os.LookupEnv, time.Now())}, nil
}

func brokenVersion(v plan.Version) error {
	if v.Verdict.Table != nil {
		return nil
	}
	return brokenFolder{v.Name, v.Verdict.Problems}
}

// observe adds what an access log tells to a report.
func observe(ctx context.Context, c *cobra.Command, report *plan.Report, file string) error {
	in, size := c.InOrStdin(), int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	shown := newProgress(c.ErrOrStderr(), file, size)
	defer shown.end()
	log, err := accesslog.NewReader(shown.of(untilDone{ctx, in}))
	if err == nil {
		host, _ := c.Flags().GetString("host")
		err = report.Observe(file, host, log)
	}
	if err != nil {
		return &os.PathError{Op: "reading", Path: file, Err: err}
	}
	return nil
}

// untilDone ends reading when a context is done.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
