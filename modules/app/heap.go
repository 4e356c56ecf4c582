package app

import (
	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/heap"
)

// floors holds the floor of the heap, of which a process has one, for as long as there is
// any runtime.
var floors = caddy.NewUsagePool()

const heapFloor = "heap" // key of the only one

// keptFloor is heap.Keep's stop.
type keptFloor func()

// Destruct gives the heap back to Go's own rule.
func (stop keptFloor) Destruct() error {
	stop()
	return nil
}

func keepFloor() {
	_, _, _ = floors.LoadOrNew(heapFloor, func() (caddy.Destructor, error) { // which never fails
		return keptFloor(heap.Keep(heap.DefaultFloor)), nil
	})
}

func dropFloor() error {
	_, err := floors.Delete(heapFloor)
	return err
}
