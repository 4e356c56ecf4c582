package alerts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"ficus/gateway/gatewaytest"
	_ "ficus/modules/command"
)

var mention = regexp.MustCompile("(?:`|\n)ficus ([a-z]+)([^\n|`#]*)")

// The runbook names no command or flag that there is not.
func TestRunbookNamesCommandsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "docs", "RUNBOOK.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := mention.FindAllStringSubmatch(string(text), -1)
	if len(found) < 30 {
		t.Fatalf("%d commands in the runbook", len(found))
	}
	for _, m := range found {
		known, ok := caddycmd.Commands()[m[1]]
		if !ok {
			t.Errorf("%q: there is no such command", m[0])
			continue
		}
		c := &cobra.Command{Use: m[1]}
		if known.CobraFunc != nil {
			known.CobraFunc(c)
		}
		words := strings.Fields(m[2])
		if c.HasSubCommands() && len(words) > 0 {
			verb, _, err := c.Find(words[:1])
			if err != nil || verb == c {
				t.Errorf("%q: there is no such verb", m[0])
				continue
			}
			c = verb
		}
		for _, word := range words {
			if name, isFlag := strings.CutPrefix(word, "--"); isFlag && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
				t.Errorf("%q: there is no flag %s", m[0], word)
			}
		}
	}
}
