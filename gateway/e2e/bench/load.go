package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// An order is what the load generator is to do.
type order struct {
	Address     string
	Paths       []string // asked for in turns
	Method      string   // default: GET
	Tokens      []string // bearer tokens; each connection sends one of them
	Body        int      // bytes that each request sends
	Connections int
	Idle        int           // connections beside them that rest after a request
	Rate        int           // requests a second, all together; 0: the next as soon as there is an answer
	Warm, For   time.Duration // how long before it counts, and then
}

// A result is what came of it.
type result struct {
	Requests, Failed int
	Seconds          float64
	P50, P99, Max    time.Duration // at a rate, from when a request was due
	Why              string        // one failure, if there was any
}

// load is an order under way. Its connections stay open until close.
type load struct {
	order
	lines []*line
}

// line is one connection, which is dialled anew after a failure.
type line struct {
	order    *order
	requests [][]byte
	at       int // of requests
	conn     net.Conn
	from     *bufio.Reader
	head     head

	took   []time.Duration
	failed int
	why    error
}

// open dials all connections of an order; those that rest have had one answer then.
func open(o order) (*load, error) {
	l := &load{order: o}
	for i := range o.Connections + o.Idle {
		one := &line{order: &l.order, requests: l.requests(i)}
		l.lines = append(l.lines, one)
		if i >= o.Connections {
			if err := one.exchange(); err != nil {
				l.close()
				return nil, fmt.Errorf("connection %d: %w", i, err)
			}
		}
	}
	return l, nil
}

func (l *load) close() {
	for _, one := range l.lines {
		one.hangUp()
	}
}

// requests are the bytes of what a connection sends, one for each path. Connections begin
// at different ones.
func (l *load) requests(connection int) [][]byte {
	method, token := "GET", ""
	if l.Method != "" {
		method = l.Method
	}
	if n := len(l.Tokens); n > 0 {
		token = "Authorization: Bearer " + l.Tokens[connection%n] + "\r\n"
	}
	if l.Body > 0 {
		token += fmt.Sprintf("Content-Length: %d\r\n", l.Body)
	}
	all := make([][]byte, len(l.Paths))
	for i := range all {
		path := l.Paths[(i+connection*7)%len(l.Paths)]
		text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n", method, path, l.Address, token)
		all[i] = append([]byte(text), bytes.Repeat([]byte("x"), l.Body)...)
	}
	return all
}

// run sends requests for a while and says what came of them.
func (l *load) run(during time.Duration) result {
	ctx, cancel := context.WithTimeout(context.Background(), during)
	defer cancel()
	started := time.Now()
	var wg sync.WaitGroup
	active := l.lines[:l.Connections]
	for i, one := range active {
		one.took, one.failed, one.why = one.took[:0], 0, nil
		wg.Go(func() {
			if l.Rate > 0 {
				one.paced(ctx, started, i, during)
			} else {
				one.closedLoop(ctx)
			}
		})
	}
	wg.Wait()
	r := result{Seconds: time.Since(started).Seconds()}
	var took []time.Duration
	for _, one := range active {
		took = append(took, one.took...)
		r.Failed += one.failed
		if one.why != nil {
			r.Why = one.why.Error()
		}
	}
	slices.Sort(took)
	if r.Requests = len(took); r.Requests > 0 {
		r.P50, r.P99, r.Max = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	}
	return r
}

func (c *line) closedLoop(ctx context.Context) {
	for ctx.Err() == nil {
		c.ask(time.Now())
	}
}

// paced sends requests when they are due, whether or not others are answered: what waits
// is measured from when it was due.
func (c *line) paced(ctx context.Context, started time.Time, i int, during time.Duration) {
	for ; ctx.Err() == nil; i += c.order.Connections {
		due := time.Duration(i) * time.Second / time.Duration(c.order.Rate)
		if due >= during {
			return
		}
		time.Sleep(time.Until(started.Add(due)))
		c.ask(started.Add(due))
	}
}

func (c *line) ask(since time.Time) {
	if err := c.exchange(); err != nil {
		c.failed, c.why = c.failed+1, err
		c.hangUp()
		return
	}
	c.took = append(c.took, time.Since(since))
}

const readSize = 32 << 10 // bytes that are read at once

// exchange sends the next request and reads its answer.
func (c *line) exchange() error {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.order.Address)
		if err != nil {
			return err
		}
		c.conn = conn
		if c.from == nil {
			c.from = bufio.NewReaderSize(conn, readSize)
		} else {
			c.from.Reset(conn)
		}
	}
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := c.conn.Write(c.requests[c.at]); err != nil {
		return err
	}
	c.at = (c.at + 1) % len(c.requests)
	if err := c.head.readHead(c.from); err != nil {
		return err
	}
	if status := c.head.status(); status != 200 {
		return fmt.Errorf("answered %q", c.head.first)
	}
	if err := c.head.skip(c.from); err != nil {
		return err
	}
	if c.head.closes {
		c.hangUp()
	}
	return nil
}

func (c *line) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
