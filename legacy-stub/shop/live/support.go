package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// Support serves the support chat over a websocket. Messages are JSON text:
//
//	from the client  {"id":"7","text":"Where is my order?"}        id is the client's own, up to 100 characters
//	from the shop    {"id":"s1","from":"Juniper","text":"Hello …"}  the greeting, at once
//	                 {"id":"s2","reply_to":"7","from":"Juniper","text":"…"}
//	                 {"id":"s3","reply_to":"","error":"…"}         for a message that is no such JSON
//
// Every message gets one reply, in order.
type Support struct {
	Gate *Gate
	// Visitor tells who asks. It may be nil.
	Visitor func(r *http.Request) Visitor
}

const (
	maxQuestion = 4 << 10          // bytes of a message
	idleTimeout = 10 * time.Minute // without a message
	maxID       = 100
)

type reply struct {
	ID      string  `json:"id"`
	ReplyTo *string `json:"reply_to,omitempty"` // nil: nobody asked
	From    string  `json:"from,omitempty"`
	Text    string  `json:"text,omitempty"`
	Error   string  `json:"error,omitempty"`
}

func (s *Support) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gate, leave, ok := s.Gate.Enter()
	if !ok {
		http.Error(w, "the shop is closing", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	var v Visitor
	if s.Visitor != nil {
		v = s.Visitor(r)
	}
	conn, err := websocket.Accept(w, r, nil) // answers what is no websocket, and pages of other origins, by itself
	if err != nil {
		return
	}
	conn.SetReadLimit(maxQuestion)
	closed := make(chan struct{})
	stop := context.AfterFunc(gate, func() {
		defer close(closed)
		_ = conn.Close(websocket.StatusGoingAway, "the shop is closing")
	})
	defer func() {
		if !stop() {
			<-closed
		}
	}()
	chat := &chat{conn: conn, visitor: v}
	status, reason := goodbye(chat.run(context.WithoutCancel(r.Context())))
	_ = conn.Close(status, reason)
}

// goodbye is how a chat ends: a client that closed has had its answer from the library, the others get one now.
func goodbye(err error) (websocket.StatusCode, string) {
	if status := websocket.CloseStatus(err); status != -1 {
		return status, ""
	}
	return websocket.StatusNormalClosure, "goodbye"
}

type chat struct {
	conn    *websocket.Conn
	visitor Visitor
	said    int
}

// run talks until something ends the chat, and returns what did.
func (c *chat) run(ctx context.Context) error {
	if err := c.say(ctx, reply{From: "Juniper", Text: Greeting(c.visitor)}); err != nil {
		return err
	}
	for {
		q, err := c.hear(ctx)
		if err != nil {
			return err
		}
		r := reply{ReplyTo: &q.id, From: "Juniper", Text: Answer(c.visitor, q.text)}
		if q.problem != "" {
			r = reply{ReplyTo: &q.id, Error: q.problem}
		}
		if err := c.say(ctx, r); err != nil {
			return err
		}
	}
}

// heard is a message: a question, or a problem with it.
type heard struct {
	id, text string
	problem  string
}

func (c *chat) hear(ctx context.Context) (heard, error) {
	ctx, cancel := context.WithTimeout(ctx, idleTimeout)
	defer cancel()
	kind, data, err := c.conn.Read(ctx)
	if err != nil {
		return heard{}, err
	}
	var q struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	if kind != websocket.MessageText {
		return heard{problem: "send text, please"}, nil
	}
	if err := json.Unmarshal(data, &q); err != nil {
		return heard{problem: `send JSON like {"id":"1","text":"Where is my order?"}`}, nil // told to the client
	}
	if len(q.ID) > maxID {
		return heard{problem: fmt.Sprintf("an id may have up to %d characters", maxID)}, nil
	}
	return heard{id: q.ID, text: q.Text}, nil
}

func (c *chat) say(ctx context.Context, r reply) error {
	c.said++
	r.ID = fmt.Sprintf("s%d", c.said)
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, data)
}
