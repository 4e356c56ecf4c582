package faults

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A kind is a set of kinds of requests.
type kind uint

const (
	get kind = 1 << iota
	put
	putLarge
	post
	postLarge
	postKey

	every = get | put | putLarge | post | postLarge | postKey
	// small are those that may be sent twice, and of which the gateway keeps all.
	small = get | put | postKey
	// once are those that must not be sent twice once any of it has left the gateway.
	once = post | postLarge
)

// kinds describes each kind; a large body is longer than what the gateway keeps.
var kinds = []struct {
	kind
	name   string
	method string
	body   int
	header http.Header
}{
	{get, "GET", "GET", 0, nil},
	{put, "PUT 1 KB", "PUT", 1 << 10, nil},
	{putLarge, "PUT 1 MB", "PUT", 1 << 20, nil},
	{post, "POST 1 KB", "POST", 1 << 10, nil},
	{postLarge, "POST 1 MB", "POST", 1 << 20, nil},
	{postKey, "POST 1 KB with a key", "POST", 1 << 10, http.Header{"Idempotency-Key": {`"a key of the client"`}}},
}

// String names the kinds of a set.
func (k kind) String() string {
	var names []string
	for _, one := range kinds {
		if k&one.kind != 0 {
			names = append(names, one.name)
		}
	}
	return strings.Join(names, ", ")
}

// A client sends requests of one kind and says what it saw.
type client struct {
	http *http.Client
	kind int // index in kinds
}

// send sends one request and says what came of it: the status and whose body it was, or
// how the answer broke off.
func (c client) send(url, id string) string {
	of := kinds[c.kind]
	body := bytes.Repeat([]byte("0123456789abcdef"), of.body/16)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, of.method, url, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.GetBody = nil // so that this client, too, sends it once
	request.Header = http.Header{idHeader: {id}}
	for name, values := range of.header {
		request.Header[name] = values
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return "no answer: " + err.Error()
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	sum := sha256.Sum256(body)
	saw := fmt.Sprintf("%d %s", answer.StatusCode, whose(string(got), proofOf(of.method, int64(len(body)), sum[:]), err != nil))
	if err != nil {
		saw += ", broken off"
	}
	return saw
}

// whose says which side an answer is from. What is whole has to prove that its origin got
// what the client sent.
func whose(body, proof string, part bool) string {
	side, proven, _ := strings.Cut(body, " ")
	switch {
	case side != "new" && side != "legacy" && body != "":
		return fmt.Sprintf("%.80q", body)
	case side == "":
		return "gateway"
	case !part && proven != proof:
		return fmt.Sprintf("%s, to another request: %q for %q", side, proven, proof)
	}
	return side
}
