package bearer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// keys holds the key set in force, and keeps it fresh.
//
// One goroutine looks at the file or the URL: every Refresh, sooner while that fails, and
// when a token names an unknown key, but for those at most once every KeyEvery. A set that
// was good stays in force until another good one is there.
type keys struct {
	current atomic.Pointer[keySet] // nil until the first good one
	last    atomic.Pointer[error]  // of the last look; nil when it went well

	config *Config
	load   func(context.Context) ([]byte, error)
	ask    chan struct{} // room for one
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	round  chan struct{} // closed when the next look ends
	asked  time.Time     // when an unknown key last asked for a look
	answer chan struct{} // closed when that look has ended
}

// openKeys reads a file at once; a URL is left to the goroutine.
func openKeys(config *Config) (*keys, error) {
	k := &keys{config: config, ask: make(chan struct{}, 1), round: make(chan struct{}), ended: make(chan struct{})}
	if config.Secret != nil {
		k.current.Store(secretSet(bytes.Clone(config.Secret)))
		close(k.ended)
		k.cancel = func() {}
		return k, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	if config.KeysFile != "" {
		k.load = func(context.Context) ([]byte, error) { return readKeys(config.KeysFile) }
		if err := k.look(ctx); err != nil {
			cancel()
			return nil, fmt.Errorf("bearer: %w", err)
		}
		go k.run(ctx, config.Refresh)
		return k, nil
	}
	k.load = newFetcher(config).fetch
	go k.run(ctx, 0)
	return k, nil
}

func (k *keys) close() {
	k.cancel()
	<-k.ended
}

func (k *keys) trouble() error {
	if k.current.Load() != nil {
		return nil
	}
	if err := k.last.Load(); err != nil {
		return *err
	}
	return errors.New("the keys have not been fetched yet")
}

// run looks at the keys, first after a delay, until the context ends.
func (k *keys) run(ctx context.Context, delay time.Duration) {
	defer close(k.ended)
	retry := minRetry
	for {
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-k.ask:
			timer.Stop()
		case <-timer.C:
		}
		err := k.look(ctx)
		if ctx.Err() != nil {
			return
		}
		k.config.OnKeys(err)
		if err == nil {
			delay, retry = k.config.Refresh, minRetry
			continue
		}
		delay = min(retry, k.config.Refresh)
		retry = min(2*retry, maxRetry)
	}
}

// How long after a look that failed the next one comes: the time doubles.
const (
	minRetry = time.Second
	maxRetry = time.Minute
)

// look loads the keys once, and puts them in force if they are good and others than before.
func (k *keys) look(ctx context.Context) error {
	defer k.endRound()
	text, err := k.load(ctx)
	if err == nil {
		if now := k.current.Load(); now == nil || now.text != string(text) {
			var set *keySet
			if set, err = parseKeys(text); err == nil {
				k.current.Store(set)
			}
		}
	}
	if err != nil {
		err = fmt.Errorf("the keys of issuer %s: %w", k.config.Issuer, err)
		k.last.Store(&err)
		return err
	}
	k.last.Store(nil)
	return nil
}

func (k *keys) endRound() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.round)
	k.round = make(chan struct{})
}

func parseKeys(text []byte) (*keySet, error) {
	if bytes.Contains(text, []byte("-----BEGIN ")) {
		return parsePEM(text)
	}
	return parseKeySet(text)
}

// find returns the key that a token asks for, and the set that it is of. A key that is not
// there may have been published a moment ago: the request waits a little for a look.
func (k *keys) find(ctx context.Context, kid, alg string) (any, *keySet, error) {
	set := k.current.Load()
	if set != nil {
		if key, ok := set.find(kid, alg); ok {
			return key, set, nil
		}
	}
	if round := k.askFor(); round != nil {
		timer := time.NewTimer(k.config.KeyWait)
		defer timer.Stop()
		select {
		case <-round:
		case <-timer.C:
		case <-ctx.Done():
		}
		set = k.current.Load()
	}
	if set == nil {
		return nil, nil, fmt.Errorf("bearer token can't be verified: %w", k.trouble())
	}
	if key, ok := set.find(kid, alg); ok {
		return key, set, nil
	}
	return nil, nil, refused("no key for %s has the id %.40q", alg, kid)
}

// askFor asks for a look at the keys, and returns what is closed when it has ended: nil
// where none is due.
func (k *keys) askFor() <-chan struct{} {
	if k.load == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	switch since := now.Sub(k.asked); {
	case since < 0, since >= k.config.KeyEvery: // a clock that was set back must not end all asking
		k.asked, k.answer = now, k.round
		select {
		case k.ask <- struct{}{}:
		default:
		}
		return k.answer
	case since < k.config.KeyWait:
		return k.answer // another request has just asked
	}
	return nil
}

const maxKeysBytes = 1 << 20

func readKeys(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", name)
	case info.Size() > maxKeysBytes:
		return nil, fmt.Errorf("%s has %d bytes; %d are the most", name, info.Size(), maxKeysBytes)
	}
	return os.ReadFile(name)
}
