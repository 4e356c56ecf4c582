package sessions

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

// The fuzz targets know the secrets of the vectors, not how to make more: a cookie is
// accepted only where the framework has made it. What lies behind the signature is
// fuzzed too, since an application may put anything there.

func deflate(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// known returns all values of cookies that the vectors of a framework have, and adds
// them to the corpus.
func known(f *testing.F, v Vectors, add func(cookies map[string]string)) map[string]bool {
	all := map[string]bool{}
	for _, vector := range v.Vectors {
		add(vector.Cookies)
		for _, value := range vector.Cookies {
			if plain, err := url.QueryUnescape(value); err == nil {
				all[plain] = true
			}
			all[value] = true
		}
	}
	if len(all) == 0 {
		f.Fatal("no vectors")
	}
	return all
}

func must(f testing.TB, d interface{ Source() (*Source, error) }) format {
	s, err := d.Source()
	if err != nil {
		f.Fatal(err)
	}
	return s.format
}

// jsonable checks that values are such as JSON has, whatever they were made of.
func jsonable(t *testing.T, s *Session, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if _, err := json.Marshal(s.Values); err != nil {
		t.Error(err)
	}
	if s.Expires.Year() > 1<<20 {
		t.Errorf("expires %v", s.Expires)
	}
}

func FuzzDjango(f *testing.F) {
	v := LoadVectors(f, "django")
	d := must(f, Django{Options: Options{Subject: "x"}, Secrets: v.Secrets}).(djangoFormat)
	genuine := known(f, v, func(c map[string]string) { f.Add(c["sessionid"], "", "") })
	f.Add(".a:1:x", ".eJw", "1xWN5b")
	f.Add("", base64.RawURLEncoding.EncodeToString([]byte(`{"_session_expiry":"2026-01-01T00:00:00Z"}`)), "zzzzzzzzzz")
	f.Fuzz(func(t *testing.T, text, payload, time string) {
		if _, err := d.decode(text); err == nil && !genuine[text] {
			t.Errorf("accepts %q", text)
		}
		message := payload + ":" + time
		s, err := d.decode(message + ":" + sign(d.keys, message))
		jsonable(t, s, err)
	})
}

func FuzzFlask(f *testing.F) {
	v := LoadVectors(f, "flask")
	d := must(f, Flask{Options: Options{Subject: "x"}, Secrets: v.Secrets}).(flaskFormat)
	genuine := known(f, v, func(c map[string]string) { f.Add(c["session"], "", "") })
	f.Add(".a.1.x", base64.RawURLEncoding.EncodeToString([]byte(`{"a":{" di":{" t__":[{" b":"AA=="}]}}}`)), "awd5Rw")
	f.Fuzz(func(t *testing.T, text, payload, time string) {
		if _, err := d.decode(text); err == nil && !genuine[text] {
			t.Errorf("accepts %q", text)
		}
		message := payload + "." + time
		s, err := d.decode(message + "." + sign(d.keys, message))
		jsonable(t, s, err)
	})
}

func FuzzRails(f *testing.F) {
	v := LoadVectors(f, "rails")
	d := must(f, Rails{Options: Options{Subject: "x", Cookie: "_shop_session"}, Secrets: v.Secrets, Digest: "sha1", AllowNoPurpose: true}).(railsFormat)
	genuine := known(f, v, func(c map[string]string) { f.Add(c["_shop_session"], []byte(nil)) })
	f.Add("a--b--c", []byte(`{"_rails":{"message":"eyJhIjoxfQ==","exp":"2026-01-01T00:00:00.000Z","pur":"cookie._shop_session"}}`))
	f.Fuzz(func(t *testing.T, text string, plain []byte) {
		if _, err := d.decode(text); err == nil {
			if unescaped, _ := url.QueryUnescape(text); !genuine[unescaped] {
				t.Errorf("accepts %q", text)
			}
		}
		iv := make([]byte, 12)
		sealed := d.keys[0].Seal(nil, iv, plain, nil)
		cut, b64 := len(sealed)-16, base64.StdEncoding
		made := url.QueryEscape(b64.EncodeToString(sealed[:cut]) + "--" + b64.EncodeToString(iv) + "--" + b64.EncodeToString(sealed[cut:]))
		s, err := d.decode(made)
		jsonable(t, s, err)
		strict := d
		strict.allowNoPurpose = false
		if _, err := strict.decode(made); err == nil && !bytes.Contains(plain, []byte("cookie.")) && !bytes.Contains(plain, []byte(`\u`)) {
			t.Errorf("accepts %q without a purpose", plain)
		}
	})
}

func FuzzCookieSession(f *testing.F) {
	v := LoadVectors(f, "express")
	d := must(f, CookieSession{Options: Options{Subject: "x"}, Secrets: v.Secrets}).(cookieSessionFormat)
	genuine := known(f, v, func(c map[string]string) { f.Add(c["session"], c["session.sig"]) })
	f.Fuzz(func(t *testing.T, text, signature string) {
		if _, err := d.decode(text, signature); err == nil && !(genuine[text] && genuine[signature]) {
			t.Errorf("accepts %q", text)
		}
		s, err := d.decode(text, sign(d.keys, d.cookie+"="+text))
		jsonable(t, s, err)
	})
}

func FuzzExpress(f *testing.F) {
	v := LoadVectors(f, "express")
	d := must(f, Express{Options: Options{Subject: "x"}, Secrets: v.Secrets, Redis: Redis{URL: "redis://localhost"}}).(expressFormat)
	f.Cleanup(func() { _ = d.store.close() })
	genuine := known(f, v, func(c map[string]string) { f.Add(c["connect.sid"], []byte(nil)) })
	for _, vector := range v.Vectors {
		for _, text := range vector.Keys {
			f.Add("", []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string, stored []byte) {
		if _, err := d.id(text); err == nil {
			if unescaped, _ := url.PathUnescape(text); !genuine[unescaped] && !genuine[text] {
				t.Errorf("accepts %q", text)
			}
		}
		s, err := expressSession(stored)
		jsonable(t, s, err)
	})
}

// No id leads elsewhere, and nothing makes a value that JSON lacks.
func FuzzPHP(f *testing.F) {
	for _, vector := range LoadVectors(f, "php").Vectors {
		f.Add(vector.Cookies["PHPSESSID"], "")
		for _, data := range vector.Stored() {
			f.Add("", string(data))
		}
	}
	f.Add("../../../../etc/passwd", `a|O:1:"X":1:{s:4:"`+"\x00X\x00a"+`";C:1:"Y":2:{ab}}b|R:1;c|E:7:"Plan:Up";d|d:-1.0E+25;`)
	f.Add("aaaaaaaaaaaaaaaaaaaaaa%2F", `a:1:{i:0;a:9999999:{`)
	f.Fuzz(func(t *testing.T, id, text string) {
		if id, err := phpID(id); err == nil && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-,") != "" {
			t.Errorf("accepts the id %q", id)
		}
		for _, decode := range []func(string) (map[string]any, error){phpSession, phpSerialized} {
			values, err := decode(text)
			jsonable(t, &Session{Values: values}, err)
		}
	})
}

// No cookie that net/http sees twice is taken for one.
func FuzzCookie(f *testing.F) {
	for _, header := range []string{"a=1", "a=1; a=2", `a="1"; b=2`, "a=1;a = 2", "%61=1; a=2", "a[x]=1; a=2", "b=a=1", ";;a", "a=x,y; A=2", "\xa0a=1; a=2", "a\r=0"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		if !httpguts.ValidHeaderFieldValue(header) {
			return // no server hands it over
		}
		r.Header["Cookie"] = []string{header}
		value, err := cookie(r, "a")
		standard := r.CookiesNamed("a")
		if len(standard) > 1 && err == nil {
			t.Errorf("%q: takes %q", header, value)
		}
		if len(standard) == 1 && err == nil && !standard[0].Quoted && strings.TrimSpace(value) != strings.TrimSpace(standard[0].Value) {
			t.Errorf("%q: takes %q, net/http %q", header, value, standard[0].Value)
		}
	})
}

// sign makes a signature, as the framework would.
func sign(k keyring, message string) string {
	mac := hmac.New(k.hash, k.keys[0])
	mac.Write([]byte(message))
	return k.encoding.EncodeToString(mac.Sum(nil))
}
