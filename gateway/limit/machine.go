package limit

import (
	"math"
	"runtime/debug"
)

// What one request under way takes of the machine, roughly: a connection on either side,
// and their buffers.
const (
	filesPerRequest  = 2
	memoryPerRequest = 128 << 10 // bytes
	otherFiles       = 64        // listeners, logs, route files

	maxDefault = 10_000
	minDefault = 100
)

// DefaultCapacity is what this machine carries: 10,000 requests, or as many as there are
// pairs of file descriptors or 128 KiB of Go's memory limit, but 100 at least.
func DefaultCapacity() int { return capacityOf(openFiles(), debug.SetMemoryLimit(-1)) }

// capacityOf is the capacity of so many files and bytes; the maximum says that there is
// no limit.
func capacityOf(files uint64, memory int64) int {
	n := uint64(maxDefault)
	if files < math.MaxUint64 {
		n = min(n, (max(files, otherFiles)-otherFiles)/filesPerRequest)
	}
	if memory < math.MaxInt64 {
		n = min(n, uint64(max(memory, 0))/memoryPerRequest)
	}
	return max(int(n), minDefault)
}
