package sessions_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/identity"
	"ficus/gateway/identity/sessions"
)

// server runs a Redis of its own, reached by a socket in a folder, so without a port.
func server(t *testing.T) (url string, client *redis.Client) {
	t.Helper()
	program := gatewaytest.Need(t, "apt-get install redis-server", "redis-server")
	socket := filepath.Join(t.TempDir(), "redis.sock")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", filepath.Dir(socket), "--requirepass", "hunter2")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // may have ended
		_ = cmd.Wait()         // killed
	})
	log := ""
	for buffer := make([]byte, 4096); !strings.Contains(log, "ready to accept connections"); {
		n, err := out.Read(buffer)
		if log += string(buffer[:n]); err != nil {
			t.Fatalf("Redis does not start: %v\n%s", err, log)
		}
	}
	url = "unix://:hunter2@" + socket
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client = redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return url, client
}

// put stores what the vectors' frameworks have left in Redis.
func put(t *testing.T, client *redis.Client, v sessions.Vectors) {
	t.Helper()
	for _, vector := range v.Vectors {
		for key, data := range vector.Stored() {
			if err := client.Set(t.Context(), key, data, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func express(v sessions.Vectors, url string, later time.Duration) sessions.Express {
	return sessions.Express{Secrets: v.Secrets, Redis: sessions.Redis{URL: url},
		Options: sessions.Options{Subject: "passport.user", Now: v.Clock(later)}}
}

func TestExpressInRedis(t *testing.T) {
	url, client := server(t)
	v := sessions.LoadVectors(t, "express")
	put(t, client, v)
	s := source(t, express(v, url, time.Second))
	for name, id := range map[string]string{"express user": "42", "express anonymous": "", "express older key": "42", "express expires in an hour": "42"} {
		checkUser(t, s, name, v.Get(t, name), id)
	}
	expiring := sessions.Request(v.Get(t, "express expires in an hour").Cookies)
	p, err := source(t, express(v, url, 59*time.Minute)).Identify(t.Context(), expiring)
	if err != nil || p == nil || p.Expires.IsZero() {
		t.Errorf("before its end: %+v, %v", p, err)
	}
	wantRefused(t, source(t, express(v, url, 61*time.Minute)), "expired", expiring)

	cookies := v.Get(t, "express user").Cookies
	id := cookies["connect.sid"]
	for i := range id {
		if strings.Contains(id[max(0, i-2):i+1], "%") {
			continue // another spelling of the same
		}
		changed := maps.Clone(cookies)
		changed["connect.sid"] = id[:i] + other(id[i]) + id[i+1:]
		wantRefused(t, s, "byte changed", sessions.Request(changed))
		if i > 0 {
			changed["connect.sid"] = id[:i]
			wantRefused(t, s, "cut off", sessions.Request(changed))
		}
	}
	unsigned := strings.TrimPrefix(strings.Split(id, ".")[0], "s%3A")
	for _, bad := range []string{unsigned, "s%3A" + unsigned, "s%3A" + unsigned + ".", "s%3A.", "j%3A{}", "%zz"} {
		wantRefused(t, s, bad, sessions.Request(map[string]string{"connect.sid": bad}))
	}
	twice := sessions.Request(cookies)
	twice.Header.Add("Cookie", "connect.sid=x")
	wantRefused(t, s, "twice", twice)
	stranger := v
	stranger.Secrets = []string{"another"}
	wantRefused(t, source(t, express(stranger, url, time.Second)), "wrong key", sessions.Request(cookies))

	// Logout removes the session, and the next request knows.
	if err := client.Del(t.Context(), "sess:"+unsigned).Err(); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s, "after logout", sessions.Request(cookies))
	for what, stored := range map[string]string{"no JSON": "{", "no object": "[]", "expiry": `{"cookie":{"expires":5},"passport":{"user":1}}`,
		"huge": `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, "two": `{}{}`} {
		if err := client.Set(t.Context(), "sess:"+unsigned, stored, 0).Err(); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, s, what, sessions.Request(cookies))
	}
}

func TestPHPInRedis(t *testing.T) {
	url, client := server(t)
	v := sessions.LoadVectors(t, "php")
	put(t, client, v)
	for serializer, name := range map[string]string{"": "redis php", "php_serialize": "redis php_serialize"} {
		s := source(t, sessions.PHP{Serializer: serializer, Redis: sessions.Redis{URL: url}, Options: sessions.Options{Subject: "user_id"}})
		checkUser(t, s, name, v.Get(t, name), "42")
		wantRefused(t, s, "gone", sessions.Request(map[string]string{"PHPSESSID": strings.Repeat("a", 26)}))
	}
}

// Trouble with Redis is not the client's: it is told apart from a refusal, in time and
// without the password.
func TestRedisTrouble(t *testing.T) {
	v := sessions.LoadVectors(t, "express")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	url, client := server(t)
	user := v.Get(t, "express user")
	for key := range user.Stored() {
		if err := client.LPush(t.Context(), key, "a list").Err(); err != nil {
			t.Fatal(err)
		}
	}
	for what, url := range map[string]string{
		"does not answer": "redis://:hunter2@" + silent.Addr().String(),
		"is not there":    "redis://:hunter2@" + closed.Addr().String(),
		"wants another":   strings.Replace(url, "hunter2", "hunter3", 1),
		"other type":      url,
	} {
		d := express(v, url, time.Second)
		d.Redis.Timeout = 200 * time.Millisecond
		s := source(t, d)
		start := time.Now()
		p, err := s.Identify(t.Context(), sessions.Request(user.Cookies))
		if p != nil || err == nil || errors.Is(err, identity.ErrRefused) || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), user.Cookies["connect.sid"][4:20]) {
			t.Errorf("%s: %v, %v", what, p, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: took %v", what, took)
		}
		wantRefused(t, s, "forged, so Redis is not asked", sessions.Request(map[string]string{"connect.sid": "s%3Aabc.def"}))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source(t, express(v, url, time.Second)).Identify(ctx, sessions.Request(user.Cookies)); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that has gone: %v", err)
	}
}

func TestNothingIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	url, client := server(t)
	v := sessions.LoadVectors(t, "express")
	put(t, client, v)
	s, err := express(v, url, time.Second).Source()
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Identify(t.Context(), sessions.Request(v.Get(t, "express user").Cookies)); p == nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
	if err := errors.Join(s.Close(), client.Close()); err != nil {
		t.Error(err)
	}
}
