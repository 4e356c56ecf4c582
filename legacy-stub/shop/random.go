package shop

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// lockedRand lets many goroutines share a source of random bytes.
type lockedRand struct {
	mu     sync.Mutex
	source io.Reader
}

func (l *lockedRand) fill(b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := io.ReadFull(l.source, b); err != nil {
		return fmt.Errorf("reading random bytes: %w", err)
	}
	return nil
}

// token is 256 random bits as 64 hexadecimal digits.
func (l *lockedRand) token() (string, error) {
	var b [32]byte
	err := l.fill(b[:])
	return hex.EncodeToString(b[:]), err
}

// below is a number from 0 to n-1, for order that need not be secret: slightly uneven, and 0 should the source fail.
func (l *lockedRand) below(n int) int {
	var b [4]byte
	if l.fill(b[:]) != nil {
		return 0
	}
	return int(binary.BigEndian.Uint32(b[:]) % uint32(n)) // n is the length of a short list
}
