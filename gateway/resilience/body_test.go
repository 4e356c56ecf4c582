package resilience

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func newBody(source io.Reader, length int64, limit int) *body {
	b := &body{}
	b.begin(source, length, limit, new(atomic.Uint64))
	return b
}

// However tries read, each gets the body from its beginning or learns that it can't have
// it; and what was not read is there whole.
func TestBodyForSeveralTries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := bytes.Repeat([]byte("0123456789abcdef"), rapid.IntRange(0, 12).Draw(t, "length"))
		limit := rapid.IntRange(0, 200).Draw(t, "limit")
		length := rapid.SampledFrom([]int64{int64(len(text)), -1}).Draw(t, "announced")
		b := newBody(iotest.OneByteReader(bytes.NewReader(text)), length, limit)
		most := 0
		for range rapid.IntRange(1, 4).Draw(t, "tries") {
			r := b.open(nil)
			n := rapid.IntRange(0, len(text)).Draw(t, "read")
			replays := b.replays()
			got, err := io.ReadAll(io.LimitReader(r, int64(n)))
			switch {
			case !bytes.HasPrefix(text, got):
				t.Fatalf("read %q of %q", got, text)
			case replays && (err != nil || len(got) != n):
				t.Fatalf("it replays, and %d of %d came: %v", len(got), n, err)
			case !replays && n > 0 && (!errors.Is(err, errGone) || len(got) > 0):
				t.Fatalf("it does not replay, and %q came: %v", got, err)
			}
			if most = max(most, len(got)); most <= limit && (length <= int64(limit)) && !b.replays() {
				t.Fatalf("%d of at most %d were read, and it does not replay", most, limit)
			}
			_ = r.Close()
			if _, err := r.Read(make([]byte, 1)); !errors.Is(err, errTryEnded) {
				t.Fatalf("after the try: %v", err)
			}
		}
	})
}

// A try that has ended may still wait for the client; what comes is for the next one.
func TestBytesThatComeForAnEndedTry(t *testing.T) {
	from, to := io.Pipe()
	b := newBody(from, -1, 4)
	first, second := b.open(nil), b.open(nil)
	read := make(chan error)
	go func() {
		_, err := first.Read(make([]byte, 100))
		read <- err
	}()
	for !b.waiting.Load() {
		runtime.Gosched()
	}
	_ = first.Close()
	got := make(chan string)
	go func() {
		text, _ := io.ReadAll(second)
		got <- string(text)
	}()
	_, _ = io.WriteString(to, "longer than four")
	if err := <-read; !errors.Is(err, errTryEnded) {
		t.Errorf("the ended try got %v", err)
	}
	_, _ = io.WriteString(to, ", and more")
	to.Close()
	if text := <-got; text != "longer than four, and more" {
		t.Errorf("the next try got %q", text)
	}
}

// Trailers are there for each try when it has read all, in a map of its own, and only those
// that were announced.
func TestTrailersForSeveralTries(t *testing.T) {
	b := newBody(strings.NewReader("x"), -1, 10)
	b.announce = http.Header{"Sum": {"7"}, "Hidden": {"x"}}
	for range 2 {
		trailer := http.Header{"Sum": nil}
		r := b.open(trailer)
		if _, err := io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(http.Header{"Sum": {"7"}}, trailer); diff != "" {
			t.Error(diff)
		}
		_ = r.Close()
	}
}

func TestNothingIsKeptOnceItIsSettled(t *testing.T) {
	b := newBody(strings.NewReader(strings.Repeat("x", 100)), 100, 1000)
	r := b.open(nil)
	_, _ = io.CopyN(io.Discard, r, 10)
	b.settle()
	if text, err := io.ReadAll(r); len(text) != 90 || err != nil || b.kept != nil || b.replays() {
		t.Errorf("%d bytes, %v, kept %d", len(text), err, len(b.kept))
	}
}
