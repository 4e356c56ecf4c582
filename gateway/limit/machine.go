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

// What one connection of a client takes that waits for its next request, roughly.
const (
	memoryPerConnection = 64 << 10 // bytes: twice what was measured

	maxConnections = 50_000
	minConnections = 200
)

// DefaultConnections is how many connections of clients this machine carries at one place:
// 50,000, or as many as there are pairs of file descriptors, since backends want some, too,
// or 64 KiB of Go's memory limit, but 200 at least.
func DefaultConnections() int { return connectionsOf(openFiles(), debug.SetMemoryLimit(-1)) }

func connectionsOf(files uint64, memory int64) int {
	return max(carried(maxConnections, files, memory, memoryPerConnection), minConnections)
}

// DefaultCapacity is what this machine carries: 10,000 requests, or as many as there are
// pairs of file descriptors or 128 KiB of Go's memory limit, but 100 at least.
func DefaultCapacity() int { return capacityOf(openFiles(), debug.SetMemoryLimit(-1)) }

// capacityOf is the capacity of so many files and bytes; the maximum says that there is
// no limit.
func capacityOf(files uint64, memory int64) int {
	return max(carried(maxDefault, files, memory, memoryPerRequest), minDefault)
}

// carried is how many things, each with a file of its own and one to a backend, so many
// files and bytes carry.
func carried(most, files uint64, memory, bytesEach int64) int {
	n := most
	if files < math.MaxUint64 {
		n = min(n, (max(files, otherFiles)-otherFiles)/filesPerRequest)
	}
	if memory < math.MaxInt64 {
		n = min(n, uint64(max(memory, 0)/bytesEach))
	}
	return int(n)
}
