package freeport

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestOn(t *testing.T) {
	address, err := On("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	if n, err := strconv.Atoi(port); err != nil || n < first || n > last {
		t.Errorf("%s is outside of the range", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

func TestOnHostThatIsNotHere(t *testing.T) {
	_, err := On("192.0.2.1")
	if err == nil || !strings.Contains(err.Error(), "cannot assign requested address") {
		t.Errorf("got %v", err)
	}
}
