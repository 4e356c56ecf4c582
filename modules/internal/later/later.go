// Package later ends what requests of an older configuration may still use.
package later

import "time"

// wait is longer than any question about who asks may take.
const wait = 5 * time.Second

// Close calls close a moment after a configuration has ended: requests that began with it
// may be asking still. Where the process ends before, nothing is lost.
func Close(close func()) { time.AfterFunc(wait, close) }
