package sessions_test

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/identity"
	"ficus/gateway/identity/sessions"
)

// An id leads to a file of the folder, or nowhere.
func TestPHPIDs(t *testing.T) {
	top := t.TempDir()
	folder := filepath.Join(top, "sessions")
	long := strings.Repeat("a", 26)
	if err := errors.Join(os.Mkdir(folder, 0o700),
		os.WriteFile(filepath.Join(top, long), []byte("user_id|i:1;"), 0o600),
		os.Mkdir(filepath.Join(folder, "sess_"+strings.Repeat("d", 26)), 0o700),
		os.Symlink(filepath.Join(top, long), filepath.Join(folder, "sess_"+strings.Repeat("l", 26))),
		os.WriteFile(filepath.Join(folder, "sess_"+strings.Repeat("h", 26)), make([]byte, 2<<20), 0o600),
		os.WriteFile(filepath.Join(folder, "sess_"+strings.Repeat("c", 25)+","), []byte("user_id|i:1;"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	s := source(t, sessions.PHP{Folder: folder, Options: sessions.Options{Subject: "user_id"}})
	for _, id := range []string{
		"../" + long, "..%2F" + long, "%2e%2e%2f" + long, "..%5C" + long, "/" + long, "x/../../" + long, "." + strings.Repeat("a", 30),
		"short", strings.Repeat("a", 257), long + "%00", long + "\x00", long + "é", long + "%0a", long + "*", "%zz" + long,
		long, strings.Repeat("d", 26), strings.Repeat("l", 26), strings.Repeat("h", 26),
	} {
		wantRefused(t, s, id, sessions.Request(map[string]string{"PHPSESSID": id}))
	}
	for _, id := range []string{strings.Repeat("c", 25) + ",", strings.Repeat("c", 25) + url.QueryEscape(",")} {
		if p, err := s.Identify(t.Context(), sessions.Request(map[string]string{"PHPSESSID": id})); p == nil || err != nil {
			t.Errorf("%s: %v, %v", id, p, err)
		}
	}
	twice := sessions.Request(map[string]string{"PHPSESSID": strings.Repeat("c", 25) + ","})
	twice.Header.Add("Cookie", "PHPSESSID[x]=y")
	wantRefused(t, s, "twice", twice)
}

// A folder that is not there is the operator's trouble; the id stays out of the log.
func TestPHPFolderTrouble(t *testing.T) {
	id := strings.Repeat("a", 26)
	s := source(t, sessions.PHP{Folder: filepath.Join(t.TempDir(), "none"), Options: sessions.Options{Subject: "user_id"}})
	_, err := s.Identify(t.Context(), sessions.Request(map[string]string{"PHPSESSID": id}))
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, identity.ErrRefused) || strings.Contains(err.Error(), id) {
		t.Errorf("got %v", err)
	}
}
