package apps

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"ficus/gateway/gatewaytest"
)

// nodeModules returns a folder with the packages of testdata/node. They are kept in the
// user's cache, under what the lock file says.
func nodeModules(t *testing.T) string {
	t.Helper()
	npm := gatewaytest.Need(t, "apt-get install nodejs npm", "npm")
	gatewaytest.Need(t, "apt-get install nodejs", "node")
	lock, err := os.ReadFile("testdata/node/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	parent := filepath.Join(cache, "ficus-tests")
	kept := filepath.Join(parent, fmt.Sprintf("node-%x", sha256.Sum256(lock))[:21])
	if _, err := os.Stat(kept); err == nil {
		return filepath.Join(kept, "node_modules")
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	for _, name := range []string{"package.json", "package-lock.json"} {
		command(t, ".", "cp", filepath.Join("testdata/node", name), work)
	}
	command(t, work, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	if err := os.Rename(work, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err) // somebody else who was faster is welcome
	}
	return filepath.Join(kept, "node_modules")
}

// prepareNode makes a folder with some files of testdata/node, from which the packages
// are found.
func prepareNode(files ...string) func(t *testing.T) string {
	return func(t *testing.T) string {
		modules := nodeModules(t)
		dir := t.TempDir()
		for _, name := range files {
			command(t, ".", "cp", filepath.Join("testdata/node", name), dir)
		}
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
}

// startScript runs a script of a prepared folder, which gets its address as an argument.
func startScript(script string) func(t *testing.T, prepared string) string {
	return func(t *testing.T, prepared string) string {
		address := gatewaytest.FreeAddress(t)
		run(t, prepared, "tcp", address, "node", script, address)
		return "http://" + address
	}
}
