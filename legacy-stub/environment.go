package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// fromEnvironment sets each flag that the environment names: -base-url is SHOP_BASE_URL.
func fromEnvironment(f *flag.FlagSet, lookup func(string) (string, bool)) error {
	var problems []error
	f.VisitAll(func(x *flag.Flag) {
		name := "SHOP_" + strings.ToUpper(strings.ReplaceAll(x.Name, "-", "_"))
		value, ok := lookup(name)
		if !ok || value == "" {
			return
		}
		if err := f.Set(x.Name, value); err != nil {
			problems = append(problems, fmt.Errorf("%s=%q: %w", name, value, err))
		}
	})
	return errors.Join(problems...)
}
