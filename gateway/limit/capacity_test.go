package limit

import (
	"math"
	"sync"
	"testing"

	"ficus/gateway/route"
)

// The least important are refused first, and all that exceed the capacity.
func TestSheddingOrder(t *testing.T) {
	var c Capacity
	c.Set(100)
	firstRefused := map[route.Priority]int{}
	full := 0
	for n := 1; n <= 110; n++ {
		if c.Begin() {
			full++
		}
		for _, p := range []route.Priority{route.LowPriority, route.NormalPriority, route.HighPriority, route.CriticalPriority} {
			if c.Crowded(p) && firstRefused[p] == 0 {
				firstRefused[p] = n
			}
		}
	}
	want := map[route.Priority]int{route.LowPriority: 71, route.NormalPriority: 86, route.HighPriority: 96, route.CriticalPriority: 101}
	for p, n := range want {
		if firstRefused[p] != n {
			t.Errorf("priority %v is refused from request %d on, want %d", p, firstRefused[p], n)
		}
	}
	if full != 10 {
		t.Errorf("%d found the gateway full, want 10", full)
	}
	for range 60 {
		c.End()
	}
	if c.Crowded(route.LowPriority) || c.Under() != 50 {
		t.Errorf("after most have ended: %d under way", c.Under())
	}
}

func TestCapacityChanges(t *testing.T) {
	var c Capacity
	for range 1000 {
		if c.Begin() {
			t.Fatal("no capacity is set, and it is full")
		}
	}
	if c.Crowded(route.LowPriority) || c.Limit() != 0 {
		t.Error("crowded without a limit")
	}
	c.Set(10)
	if !c.Crowded(route.CriticalPriority) || c.Limit() != 10 {
		t.Error("the new limit does not count")
	}
	c.Set(0)
	if c.Crowded(route.LowPriority) {
		t.Error("no limit does not count")
	}
	c.Set(1) // even then one of any priority
	for range 1000 {
		c.End()
	}
	if c.Begin() || c.Crowded(route.LowPriority) {
		t.Error("a capacity of one takes none")
	}
}

// Never are more taken than there is room for, and all places come back.
func TestCapacityUnderConcurrency(t *testing.T) {
	var c Capacity
	c.Set(50)
	var mu sync.Mutex
	var inside, most int
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			for range 200 {
				if !c.Begin() {
					mu.Lock()
					inside++
					most = max(most, inside)
					mu.Unlock()
					mu.Lock()
					inside--
					mu.Unlock()
				}
				c.End()
			}
		})
	}
	all.Wait()
	if most > 50 || c.Under() != 0 {
		t.Errorf("%d at once, %d at the end", most, c.Under())
	}
}

func TestCapacityOfMachine(t *testing.T) {
	for _, tc := range []struct {
		files  uint64
		memory int64
		want   int
	}{
		{math.MaxUint64, math.MaxInt64, 10_000},
		{1 << 20, math.MaxInt64, 10_000},
		{1024, math.MaxInt64, 480},
		{0, math.MaxInt64, 100},
		{1 << 20, 512 << 20, 4096},
		{1024, 512 << 20, 480},
		{1 << 20, 0, 100},
	} {
		if got := capacityOf(tc.files, tc.memory); got != tc.want {
			t.Errorf("%d files, %d bytes: %d, want %d", tc.files, tc.memory, got, tc.want)
		}
	}
	if n := DefaultCapacity(); n < 100 || n > 10_000 {
		t.Errorf("this machine: %d", n)
	}
}

func TestConnectionsOfMachine(t *testing.T) {
	for _, tc := range []struct {
		files  uint64
		memory int64
		want   int
	}{
		{math.MaxUint64, math.MaxInt64, 50_000},
		{1 << 20, math.MaxInt64, 50_000},
		{20_000, math.MaxInt64, 9968},
		{0, math.MaxInt64, 200},
		{1 << 20, 512 << 20, 8192},
		{1 << 20, 0, 200},
	} {
		if got := connectionsOf(tc.files, tc.memory); got != tc.want {
			t.Errorf("%d files, %d bytes: %d, want %d", tc.files, tc.memory, got, tc.want)
		}
	}
	if n := DefaultConnections(); n < 200 || n > 50_000 {
		t.Errorf("this machine: %d", n)
	}
}
