package gatewaytest

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the path of the first of some programs that is installed. Where none
// is, the test is skipped and says how to get it; with FICUS_TEST_ALL=1 it fails.
func Need(t testing.TB, howToGet string, programs ...string) string {
	t.Helper()
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			return path
		}
	}
	if os.Getenv("FICUS_TEST_ALL") == "1" {
		t.Fatalf("%s is not installed, and FICUS_TEST_ALL=1 wants every test to run; get it with: %s", programs[0], howToGet)
	}
	t.Skipf("%s is not installed; get it with: %s", programs[0], howToGet)
	return ""
}
