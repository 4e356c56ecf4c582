package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"ficus/gateway/identity"
)

// go-redis has one logger for the whole process, by default standard error. What it
// says there is returned as an error too, so here is the one place that speaks.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// A store keeps sessions by their ids, which must have been checked.
type store interface {
	// get returns a session's bytes, and when they were written if the store knows. A
	// session that is not there is refused.
	get(ctx context.Context, id string) (data []byte, written time.Time, err error)
	close() error
}

// Redis says where sessions are kept.
type Redis struct {
	// URL of the server: redis://user:password@host:port/db, rediss:// with TLS, or
	// unix://user:password@/path?db=0.
	URL string

	// Prefix of keys, before a session's id. Default: the framework's.
	Prefix string

	// Timeout of asking, from the start of a connection to the answer. Default: 500ms.
	Timeout time.Duration
}

// open prepares the connections; none is made yet. Errors don't quote the URL, which
// may hold a password.
func (r Redis) open(prefix string) (store, error) {
	options, err := redis.ParseURL(r.URL)
	if err != nil {
		return nil, errors.New("the address of Redis is none: want redis://user:password@host:port/db, rediss:// or unix://")
	}
	if r.Timeout < 0 {
		return nil, fmt.Errorf("the timeout of Redis is negative: %v", r.Timeout)
	}
	if r.Timeout == 0 {
		r.Timeout = 500 * time.Millisecond
	}
	if r.Prefix == "" {
		r.Prefix = prefix
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = r.Timeout, r.Timeout, r.Timeout, r.Timeout
	options.ContextTimeoutEnabled = true
	options.MaxRetries = 1 // a connection that the server has closed meanwhile
	options.DialerRetries = 1
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &redisStore{redis.NewClient(options), r.Prefix, r.Timeout}, nil
}

type redisStore struct {
	client  *redis.Client
	prefix  string
	timeout time.Duration
}

// get asks for the first bytes only, so that a huge value costs no memory here. Redis
// answers with none for a key that is not there, which is as good as an empty session.
func (s *redisStore) get(ctx context.Context, id string) ([]byte, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	data, err := s.client.GetRange(ctx, s.prefix+id, 0, maxSession).Bytes()
	switch {
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("asking Redis for a session: %w", err)
	case len(data) == 0:
		return nil, time.Time{}, errGone
	case len(data) > maxSession:
		return nil, time.Time{}, refused("session is too large")
	}
	return data, time.Time{}, nil
}

func (s *redisStore) close() error { return s.client.Close() }

var errGone = fmt.Errorf("%w: no such session: expired or ended", identity.ErrRefused)

// fileStore is a folder with a file for each session, as PHP keeps them. Its path may
// be replaced while we run, so it is opened for each session.
type fileStore struct {
	folder, prefix string
}

func (s fileStore) get(_ context.Context, id string) ([]byte, time.Time, error) {
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a session: %w", withoutPath(err))
	}
	defer root.Close()
	info, err := root.Lstat(s.prefix + id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, time.Time{}, errGone
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("reading a session: %w", withoutPath(err))
	case !info.Mode().IsRegular() || info.Size() > maxSession:
		return nil, time.Time{}, refused("session is too large, or no file")
	}
	f, err := root.Open(s.prefix + id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, errGone
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a session: %w", withoutPath(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSession+1))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a session: %w", withoutPath(err))
	}
	if len(data) > maxSession {
		return nil, time.Time{}, refused("session is too large")
	}
	return data, info.ModTime(), nil
}

func (fileStore) close() error { return nil }

// withoutPath keeps the id of a session, which is a credential, out of the log.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}
