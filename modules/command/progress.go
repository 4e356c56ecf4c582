package command

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress shows on a terminal how much of a long file has been read, each time some
// of it is. Where out is no terminal, it shows nothing.
type progress struct {
	out   io.Writer // nil to show nothing
	name  string
	size  int64 // bytes; 0 where not known
	read  int64
	next  time.Time // when to show it next
	shown bool
}

const progressEvery = 500 * time.Millisecond

func newProgress(out io.Writer, name string, size int64) *progress {
	p := &progress{name: name, size: size, next: time.Now().Add(progressEvery)}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = out
		}
	}
	return p
}

// of returns a reader that counts what is read from r.
func (p *progress) of(r io.Reader) io.Reader { return io.TeeReader(r, p) }

// Write counts what was read.
func (p *progress) Write(b []byte) (int, error) {
	p.read += int64(len(b))
	if now := time.Now(); p.out != nil && now.After(p.next) {
		p.next, p.shown = now.Add(progressEvery), true
		fmt.Fprintf(p.out, "\r%s: %s\x1b[K", p.name, p.text())
	}
	return len(b), nil
}

func (p *progress) text() string {
	if p.size > 0 {
		return fmt.Sprintf("%d %% of %d MB", 100*p.read/p.size, p.size>>20)
	}
	return fmt.Sprintf("%d MB", p.read>>20)
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
