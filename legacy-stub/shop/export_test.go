package shop

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func TestExportIsAWholeTable(t *testing.T) {
	b := open(t).browser(t).login("admin")
	a := b.get("/admin/export.csv?days=2")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, r := range rows {
		if strings.HasPrefix(r[0], "order ") {
			lines++
		}
	}
	if want := 1 + 312*2 + lines; len(rows) != want || lines != 19 {
		t.Errorf("%d rows with %d order lines, want %d with 19", len(rows), lines, want)
	}
	if got, want := fmt.Sprint(rows[1][:6]), "[history 2026-02-27 KIT-0001 Walnut Cutting Board kitchen 34.90]"; got != want {
		t.Errorf("first row %s, want %s", got, want)
	}
	if again := b.get("/admin/export.csv?days=2"); again.body != a.body {
		t.Error("a second export differs")
	}
	if a := b.get("/admin/export.csv?days=100000"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("too many days: %s, want 400", a.Status)
	}
}

// The export is tens of megabytes, comes in pieces, and is never in memory as a whole.
func TestExportStreams(t *testing.T) {
	s := open(t)
	b := s.browser(t).login("admin")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/admin/export.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.ContentLength != -1 {
		t.Errorf("content length %d: it was counted before it was sent", resp.ContentLength)
	}
	in := bufio.NewReaderSize(resp.Body, 64<<10)
	hash, size, most := sha256.New(), int64(0), uint64(0)
	base := heap()
	for {
		n, err := io.CopyN(hash, in, 4<<20)
		size += n
		most = max(most, heap())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if size < 20<<20 || size > 100<<20 {
		t.Errorf("%d bytes, want tens of megabytes", size)
	}
	if grown := int64(most) - int64(base); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes while %d were exported", grown, size)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestCellsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{
		"Mug": "Mug", "=1+1": "'=1+1", "@x": "'@x", "a,b": `"a,b"`, `a"b`: `"a""b"`, "-1,2": `"'-1,2"`,
	} {
		if got := csvField(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
