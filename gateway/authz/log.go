package authz

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// DefaultQueue is how many decisions may wait to be written.
const DefaultQueue = 4096

// LogConfig says how decisions are logged.
type LogConfig struct {
	Logger  *slog.Logger // required
	Queue   int          // decisions that may wait to be written; default [DefaultQueue]
	Dropped func()       // is told of each decision that found no room; may be nil
	Sink    Recorder     // gets each event too, at once, with what is masked masked; may be nil
}

// A Log writes decisions, each as one line: what was asked, of whom, and what came of it.
// Refusals have level info, permissions debug. Of headers, claims and obligations it has the names at most, and
// nothing of bodies. A policy that gives the obligation "mask", a list of "path",
// "client_ip" and "principal", has these masked.
//
// It is a [Recorder]: it writes from a queue, by one goroutine, and drops decisions
// rather than make requests wait.
type Log struct {
	config LogConfig
	queue  chan *slog.Record // of pointers: most gateways never fill it, and a record has 300 bytes
	done   chan struct{}

	mu     sync.RWMutex // held to read while the queue is written to
	closed bool
}

// NewLog starts a log, which Close ends.
func NewLog(config LogConfig) *Log {
	if config.Queue <= 0 {
		config.Queue = DefaultQueue
	}
	if config.Dropped == nil {
		config.Dropped = func() {}
	}
	l := &Log{config: config, queue: make(chan *slog.Record, config.Queue), done: make(chan struct{})}
	go l.write()
	return l
}

// Enabled reports whether the logger, or the sink, wants the decision.
func (l *Log) Enabled(d Decision) bool {
	return l.config.Sink != nil && l.config.Sink.Enabled(d) || l.writes(d)
}

func (l *Log) writes(d Decision) bool {
	return l.config.Logger.Enabled(context.Background(), levelOf(d))
}

// levelOf is info where somebody is refused, or would be, and debug where all is well.
func levelOf(d Decision) slog.Level {
	if d.Allow {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Decided queues a decision. After Close it is dropped.
func (l *Log) Decided(e Event) {
	mask := masks(e.Decision.Obligations["mask"])
	if l.config.Sink != nil && l.config.Sink.Enabled(e.Decision) {
		l.config.Sink.Decided(e.masked(mask))
	}
	if !l.writes(e.Decision) {
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed || len(l.queue) == cap(l.queue) { // before work is put into the line
		l.config.Dropped()
		return
	}
	written := line(&e, mask)
	select {
	case l.queue <- &written:
	default:
		l.config.Dropped()
	}
}

// Close writes what is queued, and ends. It may be called again.
func (l *Log) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.queue)
	}
	l.mu.Unlock()
	<-l.done
	return nil
}

func (l *Log) write() {
	defer close(l.done)
	for line := range l.queue {
		handler := l.config.Logger.Handler()
		if handler.Enabled(context.Background(), line.Level) {
			_ = handler.Handle(context.Background(), *line) // whom would it be told?
		}
	}
}

// hidden stands for what a policy wants kept out of the log.
const hidden = "[masked]"

// masked returns the event without what is to be masked.
func (e Event) masked(mask []string) Event {
	if len(mask) == 0 {
		return e
	}
	in := *e.Input
	for _, name := range mask {
		switch name {
		case "path":
			in.Path, in.Segments, in.Params = hidden, nil, nil
		case "client_ip":
			in.ClientIP = hidden
		case "principal":
			in.Principal = Principal{Anonymous: in.Principal.Anonymous, ID: hidden}
		}
	}
	e.Input = &in
	return e
}

// line makes the line of an event. It keeps texts and copies of names, nothing that a
// request or a reader of the decision may change.
func line(e *Event, mask []string) slog.Record {
	in, d := e.Input, e.Decision
	shown := func(name, value string) slog.Attr {
		if slices.Contains(mask, name) {
			value = hidden
		}
		return slog.String(name, value)
	}
	principal := slog.Attr{Key: "principal", Value: slog.GroupValue(
		slog.String("id", in.Principal.ID), slog.String("source", in.Principal.Source), names("claims", in.Principal.Claims))}
	if slices.Contains(mask, principal.Key) {
		principal.Value = slog.StringValue(hidden)
	}
	r := slog.NewRecord(e.Time, levelOf(d), "decision", 0)
	r.AddAttrs(
		slog.String("request_id", e.RequestID), slog.String("route", in.Route),
		slog.String("policy", e.Policy), slog.String("revision", e.Revision), slog.String("mode", mode(e.Observed)),
		slog.Bool("allow", d.Allow), slog.String("cause", string(d.Cause)), slog.String("reason", d.Reason),
		slog.Int64("duration_us", int64(d.Took/time.Microsecond)), slog.Int("status", d.Status),
		slog.String("method", in.Method), slog.String("host", in.Host), shown("path", in.Path), shown("client_ip", in.ClientIP),
		principal, names("claims", d.Claims), names("obligations", d.Obligations),
	)
	return r
}

// masks reads an obligation. Who masks something and spells it wrong wants it masked: then
// all is.
func masks(obligation any) []string {
	all := []string{"path", "client_ip", "principal"}
	list, ok := obligation.([]any)
	if obligation == nil {
		return nil
	}
	var known []string
	for _, one := range list {
		name, isText := one.(string)
		ok = ok && isText && slices.Contains(all, name)
		known = append(known, name)
	}
	if !ok {
		return all
	}
	return known
}

func mode(observed bool) string {
	if observed {
		return "observe"
	}
	return "enforce"
}

func names(key string, of map[string]any) slog.Attr {
	return slog.Any(key, append([]string{}, slices.Sorted(maps.Keys(of))...))
}
