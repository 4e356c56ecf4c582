package identity

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func stripper(t testing.TB) *Stripper {
	t.Helper()
	s, err := NewStripper([]string{"Ficus-Identity", "X-User", "X-Roles"}, []string{"ficus_session"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each is a header that a client forges, and what may be left of it.
func TestForgedHeaders(t *testing.T) {
	for _, tc := range []struct {
		name    string
		in      http.Header
		want    http.Header
		removed int
	}{
		{"nothing", http.Header{"Accept": {"*/*"}, "X-User-Agent": {"a"}, "Xuser": {"b"}}, http.Header{"Accept": {"*/*"}, "X-User-Agent": {"a"}, "Xuser": {"b"}}, 0},
		{"as it is", http.Header{"Ficus-Identity": {"a"}}, http.Header{}, 1},
		{"lower case", http.Header{"ficus-identity": {"a"}}, http.Header{}, 1},
		{"upper case", http.Header{"FICUS-IDENTITY": {"a"}}, http.Header{}, 1},
		{"underscore", http.Header{"Ficus_identity": {"a"}}, http.Header{}, 1},
		{"dot", http.Header{"Ficus.identity": {"a"}}, http.Header{}, 1},
		{"blank", http.Header{"Ficus identity": {"a"}}, http.Header{}, 1},
		{"blank at the end", http.Header{"Ficus-Identity ": {"a"}}, http.Header{}, 1},
		{"tab at the end", http.Header{"Ficus-Identity\t": {"a"}}, http.Header{}, 1},
		{"duplicates", http.Header{"X-User": {"a", "b"}}, http.Header{}, 2},
		{"no value", http.Header{"X-User": {}}, http.Header{}, 1},
		{"all spellings", http.Header{"X-User": {"a"}, "X_user": {"a"}, "x_USER": {"a"}, "X.user": {"a"}, "A": {"b"}}, http.Header{"A": {"b"}}, 4},
		{"named by Connection", http.Header{"Connection": {"keep-alive, Ficus-Identity"}, "A": {"b"}}, http.Header{"Connection": {"keep-alive"}, "A": {"b"}}, 1},
		{"named by Connection alone", http.Header{"Connection": {"x_user"}}, http.Header{}, 1},
		{"named by Connection lines", http.Header{"Connection": {"close", " X-ROLES ,upgrade", "ficus.identity,X-User"}}, http.Header{"Connection": {"close", "upgrade"}}, 3},
		{"Connection of others", http.Header{"Connection": {"close , X-Other", "Upgrade"}}, http.Header{"Connection": {"close , X-Other", "Upgrade"}}, 0},
		{"named by Trailer", http.Header{"Trailer": {"X-User, X-Sum"}}, http.Header{"Trailer": {"X-Sum"}}, 1},
		{"cookie", http.Header{"Cookie": {"a=b; ficus_session=x; c=d"}}, http.Header{"Cookie": {"a=b; c=d"}}, 1},
		{"first cookie", http.Header{"Cookie": {"ficus_session=x; c=d"}}, http.Header{"Cookie": {"c=d"}}, 1},
		{"only cookie", http.Header{"Cookie": {"ficus_session=x"}}, http.Header{}, 1},
		{"cookie twice", http.Header{"Cookie": {"ficus_session=x; ficus_session=y", "a=b"}}, http.Header{"Cookie": {"a=b"}}, 2},
		{"cookie in other case", http.Header{"Cookie": {"a=b;FICUS-session=x"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"cookie with a dot", http.Header{"Cookie": {"ficus.session=x; a=b"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"cookie with a blank", http.Header{"Cookie": {"a=b; ficus session =x"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"cookie escaped", http.Header{"Cookie": {"%66icus_session=x; a=b"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"cookie as PHP array", http.Header{"Cookie": {"ficus_session[a]=x; a=b"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"cookie after a comma", http.Header{"Cookie": {"a=b, ficus_session=x; c=d"}}, http.Header{"Cookie": {"a=b; c=d"}}, 1},
		{"cookie in quotes", http.Header{"Cookie": {`a="b; ficus_session=x"; c=d`}}, http.Header{"Cookie": {`a="b; c=d`}}, 1},
		{"cookie without value", http.Header{"Cookie": {"ficus_session; a=b"}}, http.Header{"Cookie": {"a=b"}}, 1},
		{"other cookies, byte for byte", http.Header{"Cookie": {" a=b ;; c = ficus_session ,d", ";"}}, http.Header{"Cookie": {" a=b ;; c = ficus_session ,d", ";"}}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := tc.in.Clone()
			lines := map[string][]string{}
			for name, l := range tc.in {
				lines[name] = l
			}
			r := &http.Request{Header: tc.in}
			if n := stripper(t).Strip(r); n != tc.removed {
				t.Errorf("%d removed, want %d", n, tc.removed)
			}
			if diff := cmp.Diff(tc.want, r.Header); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(map[string][]string(before), lines); diff != "" {
				t.Errorf("its slices were written to (-want +got)\n%s", diff)
			}
		})
	}
}

// A name that ends with "*" stands for all that begin so, in every spelling.
func TestBeginningsOfHeaders(t *testing.T) {
	s, err := NewStripper([]string{"X-Told-*", "X-User"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{
		Header: http.Header{
			"X-Told-": {"a"}, "X-Told-By": {"a"}, "x_told.by": {"a"}, "X-TOLD-" + strings.Repeat("X", 200): {"a"}, " X-Told-By": {"a"}, "X-User": {"a"},
			"X-Told": {"b"}, "X-Tol": {"b"}, "": {"b"}, "Y-X-Told-By": {"b"}, "X-User-Told": {"b"},
			"Connection": {"x-told-by, close"},
		},
		Trailer: http.Header{"X_told_by": {"a"}}, Body: http.NoBody,
	}
	s.Strip(r)
	want := http.Header{"X-Told": {"b"}, "X-Tol": {"b"}, "": {"b"}, "Y-X-Told-By": {"b"}, "X-User-Told": {"b"}, "Connection": {"close"}}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(r.Trailer) > 0 {
		t.Errorf("trailers %v", r.Trailer)
	}
	for _, name := range []string{"*", "X Y*", strings.Repeat("a", 64) + "*"} {
		if _, err := NewStripper([]string{name}, nil); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}

// Over a real connection: what net/http makes of spellings, and trailers that come
// announced or not.
func TestStripOnTheWire(t *testing.T) {
	s := stripper(t)
	var header, trailer http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.Strip(r)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		header, trailer = r.Header.Clone(), r.Trailer.Clone()
	}))
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: a\r\nficus-identity: 1\r\nFICUS_IDENTITY: 2\r\nFicus.Identity: 3\r\nX-USER:4\r\nx-user: 5\r\nX-Other: 6\r\n"+
		"Connection: close, Ficus-Identity\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-User\r\n\r\n"+
		"1\r\na\r\n0\r\nX-Sum: 7\r\nX-User: 8\r\nX_User: 9\r\nFicus-Identity: 10\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%v, %v", answer, err)
	}
	answer.Body.Close()
	if diff := cmp.Diff(http.Header{"X-Other": {"6"}, "Connection": {"close"}}, header); diff != "" {
		t.Errorf("header (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"X-Sum": {"7"}}, trailer); diff != "" {
		t.Errorf("trailer (-want +got)\n%s", diff)
	}
}

func TestStripAllocatesNothing(t *testing.T) {
	r := ordinary()
	s := stripper(t)
	if n := testing.AllocsPerRun(100, func() { s.Strip(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewStripper(t *testing.T) {
	for _, name := range []string{"", "a b", "a:", "ä", strings.Repeat("a", 64)} {
		if _, err := NewStripper([]string{name}, nil); err == nil {
			t.Errorf("header %q: no error", name)
		}
		if _, err := NewStripper(nil, []string{name}); err == nil {
			t.Errorf("cookie %q: no error", name)
		}
	}
}

// reference folds as backends do, one after the other, in the plainest way.
func reference(name string) string {
	name = strings.TrimFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f })
	return strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(name))
}

func FuzzStrip(f *testing.F) {
	f.Add("Ficus_Identity", "1", "keep-alive, x-user", "a=b; ficus_session=1, c=d")
	f.Add("x.user ", "", "X-Roles", "%66icus_session=1")
	f.Add("Accept", "*/*", "close", `a="ficus_session=1`)
	s := stripper(f)
	own := []string{"ficus-identity", "x-user", "x-roles"}
	f.Fuzz(func(t *testing.T, name, value, connection, cookie string) {
		in := http.Header{name: {value}, "Connection": {connection}, "Cookie": {cookie}}
		r := &http.Request{Header: in.Clone()}
		removed := s.Strip(r)
		for n, lines := range r.Header {
			for _, o := range own {
				if reference(n) == o {
					t.Errorf("%q is left", n)
				}
				if n == "Connection" {
					for token := range strings.SplitSeq(strings.Join(lines, ","), ",") {
						if reference(token) == o {
							t.Errorf("Connection still names %q", token)
						}
					}
				}
			}
			if n == "Cookie" {
				for pair := range strings.FieldsFuncSeq(strings.Join(lines, ";"), func(r rune) bool { return r == ';' || r == ',' }) {
					if c, _, _ := strings.Cut(pair, "="); reference(c) == "ficus-session" {
						t.Errorf("cookie %q is left", c)
					}
				}
			}
		}
		if removed == 0 && !cmp.Equal(in, r.Header, cmpopts.EquateEmpty()) {
			t.Errorf("%q became %q and nothing was removed", in, r.Header)
		}
		if s.Strip(r) != 0 {
			t.Error("a second time there is more")
		}
	})
}

// ordinary is a browser's request.
func ordinary() *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewBufferString("GET /cart HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, br\r\n" +
		"Accept-Language: en\r\nCookie: shop_session=0123456789abcdef0123456789abcdef; theme=dark; csrftoken=0123456789abcdef\r\n" +
		"Referer: http://shop.test/\r\nSec-Fetch-Mode: navigate\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")))
	if err != nil {
		panic(err)
	}
	return r
}

func BenchmarkStrip(b *testing.B) {
	s := stripper(b)
	r := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		s.Strip(r)
	}
}
