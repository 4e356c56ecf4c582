package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"ficus/gateway/gatewaytest"
	"ficus/legacy-stub/shop"
)

// theDay is the clock of the shop and its services in tests: it stands still, so
// that two runs give the same times.
func theDay() time.Time { return time.Unix(1_767_225_600, 0) }

// openShop starts a monolith on a new database, with a clock that stands still. With
// a source of randomness that is always the same, so are its answers; nil means real
// randomness.
func openShop(t *testing.T, random io.Reader) (address, db string) {
	t.Helper()
	dir := t.TempDir()
	config := shop.Config{
		DB: filepath.Join(dir, "shop.db"), DataDir: dir, BaseURL: oldShop, DemoFaults: true, PasswordCost: bcrypt.MinCost,
		StockPoll: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler), Now: theDay, Rand: random,
	}
	s, err := shop.Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.EndStreams()
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL, config.DB
}

// oldShop is the host that the monolith calls its own.
const oldShop = "http://old.shop.example"

func sameRandomness() io.Reader { return rand.NewChaCha8([32]byte{1}) }

// travel makes the journey at an address. afterWrite, which may be nil, is called
// after each request that may have changed something.
func travel(t *testing.T, address string, afterWrite func(v *traveller)) []exchange {
	t.Helper()
	v := newTraveller(t, address)
	v.afterWrite = afterWrite
	journey(v)
	for i := range v.seen {
		calm(&v.seen[i])
	}
	return v.seen
}

// calm replaces what net/http draws from its own clock and its own chance.
func calm(x *exchange) {
	if x.Header.Get("Date") != "" {
		x.Header.Set("Date", "some date")
	}
	if _, boundary, ok := strings.Cut(x.Header.Get("Content-Type"), "multipart/byteranges; boundary="); ok {
		x.Header.Set("Content-Type", "multipart/byteranges; boundary=some")
		x.Body = strings.ReplaceAll(x.Body, boundary, "some")
	}
}

// The journey through the gateway is the journey to the monolith, exchange by
// exchange: status, header names and values, body, framing, trailers. The shop is
// made predictable, so that nothing at all may differ but the value of Date.
func TestJourneyIsTheSame(t *testing.T) {
	one, _ := openShop(t, sameRandomness())
	direct := travel(t, one, nil)
	two, _ := openShop(t, sameRandomness())
	if diff := compare(direct, travel(t, two, nil)); diff != "" {
		t.Fatalf("two direct journeys differ, so the test can't tell anything (-first +second)\n%s", diff)
	}
	three, _ := openShop(t, sameRandomness())
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(three)})
	if diff := compare(direct, travel(t, g.URL, nil)); diff != "" {
		t.Errorf("(-direct +through the gateway)\n%s", diff)
	}
	bytes, statuses := 0, map[int]int{}
	for _, x := range direct {
		bytes += len(x.Body)
		statuses[x.Status]++
	}
	t.Logf("%d exchanges, %d bytes of bodies, statuses %v", len(direct), bytes, statuses)
	if len(direct) < 100 || bytes < 20<<20 {
		t.Error("the journey has become short")
	}
}

// compare reports the first exchanges that differ.
func compare(want, got []exchange) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d exchanges against %d", len(want), len(got))
	}
	report, shown := "", 0
	for i := range want {
		diff := cmp.Diff(shortened(want[i]), shortened(got[i]))
		if diff == "" && want[i].Body != got[i].Body {
			diff = "the bodies differ"
		}
		if diff != "" && shown < 5 {
			shown++
			report += fmt.Sprintf("exchange %d, %s:\n%s\n", i, want[i].Step, diff)
		}
	}
	return report
}

// shortened keeps a difference of large bodies readable.
func shortened(x exchange) exchange {
	if len(x.Body) > 20_000 {
		x.Body = fmt.Sprintf("%d bytes, %x", len(x.Body), sha256.Sum256([]byte(x.Body)))
	}
	return x
}
