// Package top shows what a gateway does, again and again on one screen, until somebody has
// seen enough. How the state is got and what a terminal is, the caller knows.
package top

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"ficus/gateway/overview"
)

// A Screen is where it is shown.
type Screen struct {
	Out  io.Writer
	Keys <-chan byte               // what is typed; nil where nobody types
	Size func() (lines, width int) // of the terminal now; 0 where it isn't known
}

// What a terminal is told: another screen without a cursor, and back; the upper left
// corner; the end of a line, and of the screen, made empty.
const (
	enter    = "\x1b[?1049h\x1b[?25l"
	leave    = "\x1b[?25h\x1b[?1049l"
	home     = "\x1b[H"
	clearEnd = "\x1b[K\r\n"
	clearAll = "\x1b[J"
)

// Run shows the state every so often until the context ends or q or Ctrl-C is typed. A
// gateway that can't be asked is said so, and asked again.
func Run(ctx context.Context, screen Screen, every time.Duration, get func(context.Context) (*overview.Overview, error)) error {
	if _, err := io.WriteString(screen.Out, enter); err != nil {
		return err
	}
	defer func() { _, _ = io.WriteString(screen.Out, leave) }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := screen.Out.Write(frame(ctx, screen, every, get)); err != nil {
			return err
		}
		for again := false; !again; {
			select {
			case <-ctx.Done():
				return nil
			case key := <-screen.Keys:
				if key == 'q' || key == 'Q' || key == 3 { // Ctrl-C
					return nil
				}
			case <-tick.C:
				again = true
			}
		}
	}
}

// frame is one screen full.
func frame(ctx context.Context, screen Screen, every time.Duration, get func(context.Context) (*overview.Overview, error)) []byte {
	lines, width := screen.Size()
	var text bytes.Buffer
	if o, err := get(ctx); err != nil {
		fmt.Fprintln(&text, err)
	} else if err := o.PrintTop(&text, max(0, lines-2), width); err != nil {
		fmt.Fprintln(&text, err)
	}
	fmt.Fprintf(&text, "\nevery %v; q ends", every)
	out := []byte(home)
	for line := range bytes.Lines(text.Bytes()) {
		out = append(append(out, bytes.TrimRight(line, "\n")...), clearEnd...)
	}
	return append(out[:len(out)-2], clearAll...) // without the last line break, which would scroll
}
