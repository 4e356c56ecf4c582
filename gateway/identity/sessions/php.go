package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// PHP describes PHP's own sessions: the cookie ("PHPSESSID" by default) holds an id,
// Redis (by phpredis) or a folder the session. Ids are not signed, they can't be guessed.
//
// In files a session ends MaxAge after it was last used (24 minutes by default, as PHP's
// session.gc_maxlifetime); in Redis, when Redis says so.
type PHP struct {
	Options

	// Folder of the files, PHP's session.save_path; only one without levels of folders
	// below it. PHP makes files that only its own user may read.
	Folder string

	// Redis, where Folder is empty. The prefix is "PHPREDIS_SESSION:" by default.
	Redis Redis

	// Serializer is PHP's session.serialize_handler: "php" or "php_serialize".
	// Default: php.
	Serializer string
}

// Source returns the source of these sessions. Close it.
func (p PHP) Source() (*Source, error) {
	inFiles := p.Folder != ""
	if inFiles == (p.Redis.URL != "") {
		return nil, errors.New("PHP sessions are either in a folder or in Redis: name one")
	}
	if inFiles && p.MaxAge == 0 {
		p.MaxAge = 24 * time.Minute
	}
	options, err := p.settle("php", "PHPSESSID", inFiles)
	if err != nil {
		return nil, err
	}
	f := phpFormat{cookie: options.Cookie}
	switch p.Serializer {
	case "", "php":
		f.decode = phpSession
	case "php_serialize":
		f.decode = phpSerialized
	default:
		return nil, fmt.Errorf("unknown serializer %q (known: php, php_serialize)", p.Serializer)
	}
	if inFiles {
		f.store = fileStore{p.Folder, "sess_"}
	} else if f.store, err = p.Redis.open("PHPREDIS_SESSION:"); err != nil {
		return nil, err
	}
	return &Source{options: options, format: f, store: f.store}, nil
}

type phpFormat struct {
	cookie string
	store  store
	decode func(text string) (map[string]any, error)
}

func (f phpFormat) read(ctx context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	id, err := phpID(text)
	if err != nil {
		return nil, err
	}
	data, written, err := f.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	values, err := f.decode(string(data))
	if err != nil {
		return nil, err
	}
	return &Session{Values: values, Issued: written}, nil
}

// phpID returns the id in a cookie. PHP makes ids of 22 to 256 of these characters, so
// none can lead to another folder or key.
func phpID(text string) (string, error) {
	id, err := url.QueryUnescape(text)
	if err != nil || len(id) < 22 || len(id) > 256 || strings.ContainsFunc(id, notOfID) {
		return "", refused("session id is none of PHP's")
	}
	return id, nil
}

func notOfID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != ','
}
