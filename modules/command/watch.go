package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/authz"
	"ficus/gateway/routefile"
)

// perhapsWatched runs do once or, with --watch, at each save in one of the folders
// until Ctrl-C: then the last run decides how the command ends.
func perhapsWatched(c *cobra.Command, folders []string, do func() error) error {
	if watch, _ := c.Flags().GetBool("watch"); !watch {
		return do()
	}
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return watched(ctx, c, folders, func() error {
		err := do()
		if err == nil || errors.Is(err, errFound) {
			return err
		}
		return said{failed(c, err)} // now, not at the end
	})
}

// watched runs do now and at each change until the context ends, and returns what the
// last run came to.
func watched(ctx context.Context, c *cobra.Command, folders []string, do func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes, ended := make(chan struct{}), make(chan error)
	for _, folder := range folders {
		go func() {
			err := routefile.Watch(ctx, folder, routefile.Timing{}, func() {
				select {
				case changes <- struct{}{}:
				case <-ctx.Done():
				}
			})
			cancel() // one watch that fails ends all
			ended <- err
		}()
	}
	before := hashOf(folders)
	last := do()
	for running := len(folders); running > 0; {
		select {
		case <-changes:
			now := hashOf(folders)
			if now == before {
				continue
			}
			before = now
			if !asJSON(c) {
				fmt.Fprintf(c.OutOrStdout(), "\n── %s\n\n", time.Now().Format(time.TimeOnly))
			}
			last = do()
		case err := <-ended:
			running--
			if err != nil {
				last = err
			}
		}
	}
	return last
}

// hashOf identifies what folders hold, of which each may be of route files or of policies.
func hashOf(folders []string) string {
	var all []string
	for _, folder := range folders {
		read, problems := routefile.ReadYAML(os.DirFS(folder), folder)
		policies, unread := routefile.ReadPolicies(os.DirFS(folder), folder)
		read.Policies = policies
		alone, broken := authz.Read(os.DirFS(folder), folder)
		all = append(all, read.Hash(), authz.Revision(alone), problems.Error(), unread.Error(), broken.Error())
	}
	return strings.Join(all, "\n")
}
