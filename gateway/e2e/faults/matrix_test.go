package faults

// A fault is one thing that goes wrong, and what clients and both sides see of it.
type fault struct {
	name string // for people; unique
	how  string // what the backend does, for people

	backend    string // a further key of the backend, as YAML
	breaker    string // keys of the breaker; by default it opens at the first failure
	route      string // a further key of the route
	stage      string // of the route; by default new
	legacyDown bool
	times      int // how many requests there are, one after the other; by default 1

	start func(*scene) // starts the new side
	run   func(*scene) // sends the requests; by default one after the other
	rows  []row
}

// A row is what is expected of some kinds of request.
type row struct {
	kinds kind
	want  outcome
}

// An outcome is what came of the requests of a scene. Where timing may decide and all of
// it is right, a field of what is expected names the possibilities, "a | b".
type outcome struct {
	Client   string // status and whose body: new's, legacy's or the gateway's own
	New      string // requests that reached the new side: whole ones, and those cut short
	Legacy   string // the same of legacy
	Breaker  string // of the new side's backend, afterwards
	Fallback string // why legacy answered, or why it did not where it might have; "-" for neither
	Retries  string // why requests were sent to the new side again
}

func (f *fault) about() (all kind) {
	for _, row := range f.rows {
		all |= row.kinds
	}
	return all
}

// to serves by one origin.
func to(serve func(*conversation)) func(*scene) {
	return func(s *scene) { s.origin(serve) }
}

// behind serves by one origin, behind a line with toxics.
func behind(toxic ...string) func(*scene) {
	return func(s *scene) { s.behind(healthy, toxic...) }
}

const (
	tryTimeout  = "try_timeout: 300ms"
	idleTimeout = "idle_timeout: 1s"

	neverAnswers = `{"type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`
	lateBy300ms  = `{"type": "latency", "stream": "downstream", "attributes": {"latency": 300}}`
	inDrips      = `{"type": "slicer", "stream": "downstream", "attributes": {"average_size": 4, "delay": 5000}}`
)

// Outcomes that several faults have in common.
var (
	asUsual = outcome{"200 new", "1", "0", "closed", "-", "-"}

	// unsent is the end of a request of which nothing left the gateway.
	unsent = outcome{"200 legacy", "0", "1", "open", "connect", "connect"}

	// untrusted is the same where another try would end no better.
	untrusted = outcome{"200 legacy", "0", "1", "open", "connect", "-"}

	// lost is the end of a request that may be sent twice and had no answer.
	lost = outcome{"200 legacy", "2", "1", "open", "error", "error"}

	// failed is the end of one that may not, and tooLong of one whose body is not kept.
	failed  = outcome{"502 gateway", "1", "0", "open", "no: not_idempotent", "-"}
	tooLong = outcome{"502 gateway", "1", "0", "open", "no: body", "-"}

	// cut is the end of an answer that had begun.
	cut = outcome{"200 new, broken off", "1", "0", "open", "-", "-"}
)

// matrix is the fault matrix.
var matrix = []fault{
	{
		name: "none", how: "keeps the rules",
		start: to(healthy),
		rows:  []row{{every, asUsual}},
	},
	{
		name: "connection refused", how: "nobody listens at its address",
		start: (*scene).dead,
		rows:  []row{{every, unsent}},
	},
	{
		name: "name that does not resolve", how: "DNS says that there is no such name",
		start: func(s *scene) { s.nameless() },
		rows:  []row{{every, unsent}},
	},
	{
		name: "TLS handshake refused", how: "answers a handshake by something else",
		start: func(s *scene) { s.handshake(noTLS) },
		rows:  []row{{every, unsent}},
	},
	{
		name: "TLS handshake hangs", how: "accepts, and never answers the handshake; connect_timeout 300ms",
		backend: "connect_timeout: 300ms",
		start:   func(s *scene) { s.handshake((*conversation).hold) },
		rows:    []row{{every, unsent}},
	},
	{
		name: "certificate of nobody", how: "its certificate is signed by an unknown authority",
		start: func(s *scene) { s.tls("127.0.0.1", false) },
		rows:  []row{{every, untrusted}},
	},
	{
		name: "certificate of another", how: "its certificate is for another name",
		start: func(s *scene) { s.tls("another.example", true) },
		rows:  []row{{every, untrusted}},
	},
	{
		name: "certificate of its own", how: "TLS as it should be",
		start: func(s *scene) { s.tls("127.0.0.1", true) },
		rows:  []row{{every, asUsual}},
	},
	{
		name: "accepted then reset", how: "resets the connection when the first byte of a request is here",
		start: to(resetAtOnce),
		rows: []row{
			{small, outcome{"200 legacy", "2 cut", "1", "open", "error", "error"}},
			{once, outcome{"502 gateway", "1 cut", "0", "open", "no: not_idempotent", "-"}},
			{putLarge, outcome{"502 gateway", "1 cut", "0", "open", "no: body", "-"}},
		},
	},
	{
		name: "reset after the request", how: "reads the request and resets the connection",
		start: to(after((*conversation).reset)),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "closed after the request", how: "reads the request and closes the connection",
		start: to(after(func(*conversation) {})),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "half-closed", how: "reads the request, closes its own direction and goes on reading",
		start: to(after(halfClosed)),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "kept connection that is gone", how: "reads the request on a connection that was kept, and closes it; answers on a new one",
		start: to(staleAfterOne), run: (*scene).onKeptConnection,
		rows: []row{
			{get | postKey, outcome{"200 new", "2", "0", "closed", "-", "connection"}}, // by net/http
			{put, outcome{"200 new", "2", "0", "closed", "-", "error"}},
			{once, failed},
			{putLarge, tooLong},
		},
	},
	{
		name: "never answers", how: "accepts the request, and says nothing; try_timeout 300ms",
		start: behind(neverAnswers), backend: tryTimeout,
		rows: []row{
			{small, outcome{"200 legacy", "2", "1", "open", "timeout", "timeout"}},
			{post, outcome{"504 gateway", "1", "0", "open", "no: not_idempotent", "-"}},
			{postLarge, outcome{"504 gateway", "1 | 1 cut", "0", "open", "no: not_idempotent", "-"}},
			{putLarge, outcome{"504 gateway", "1 | 1 cut", "0", "open", "no: body", "-"}},
		},
	},
	{
		name: "never answers in time", how: "accepts the request, and says nothing; the route's timeout is 2s",
		start: behind(neverAnswers), route: "timeout: 2s",
		rows: []row{
			{small, outcome{"200 legacy", "2", "1", "open", "timeout", "timeout"}}, // half of the time is left to legacy
			{post, outcome{"504 gateway", "1", "0", "open", "-", "-"}},
			{postLarge | putLarge, outcome{"504 gateway", "1 | 1 cut", "0", "open", "-", "-"}},
		},
	},
	{
		name: "slow headers", how: "answers after 300 ms; the breaker's slow is 50ms",
		start: behind(lateBy300ms), breaker: "min_requests: 1, open_for: 1h, slow: 50ms",
		rows: []row{{every, outcome{"200 new", "1", "0", "open", "-", "-"}}},
	},
	{
		name: "slow body", how: "answers by some bytes every 5 ms",
		start: behind(inDrips),
		rows:  []row{{every, asUsual}},
	},
	{
		name: "body that stalls", how: "answers by half of the body, and then nothing; idle_timeout 1s",
		start: to(after(stalling)), backend: idleTimeout,
		rows: []row{{every, outcome{"200 new, broken off", "1", "0", "closed", "-", "-"}}},
	},
	{
		name: "reset in the middle of a body", how: "answers by half of the body, and resets the connection",
		start: to(after(brokenOff)),
		rows:  []row{{every, cut}},
	},
	{
		name: "content length too long", how: "says that the body is longer than it is, and closes",
		start: to(saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnew part")),
		rows:  []row{{every, cut}},
	},
	{
		name: "content length too short", how: "sends more than it said: what looks like the answer to another request",
		start: to(smuggling), run: (*scene).onOtherConnections,
		rows: []row{{every, outcome{"200 new", "2", "0", "closed", "-", "-"}}},
	},
	{
		name: "two content lengths", how: "says two lengths, which are not the same",
		start: to(saying("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nnew part.")),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "garbage", how: "answers by what is no HTTP",
		start: to(saying("\x16\x03\x01\x00\x00 what is this?\r\n\r\n")),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "header flood", how: "sends headers without end",
		start: to(flooding("HTTP/1.1 200 OK\r\n", "X-Flood: and another one, and another one, and another one\r\n")),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "flood of 1xx", how: "sends early hints without end, and no answer",
		start: to(flooding("", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")),
		rows:  []row{{small, lost}, {once, failed}, {putLarge, tooLong}},
	},
	{
		name: "answers 503", how: "answers every request by 503",
		start: to(answering(503)),
		rows: []row{
			{small, outcome{"200 legacy", "2", "1", "open", "status", "status"}},
			{once, outcome{"503 new", "1", "0", "open", "no: not_idempotent", "-"}},
			{putLarge, outcome{"503 new", "1", "0", "open", "no: body", "-"}},
		},
	},
	{
		name: "answers 503, unsafe", how: "answers every request by 503; fallback.unsafe on",
		start: to(answering(503)), route: "fallback: { unsafe: on }",
		rows: []row{
			{small, outcome{"200 legacy", "2", "1", "open", "status", "status"}},
			{post, outcome{"200 legacy", "1", "1", "open", "status", "-"}},
			{postLarge | putLarge, outcome{"503 new", "1", "0", "open", "no: body", "-"}},
		},
	},
	{
		name: "answers 500", how: "answers every request by 500, which is no answer to fall back by default",
		start: to(answering(500)),
		rows:  []row{{every, outcome{"500 new", "1", "0", "open", "-", "-"}}},
	},
	{
		name: "down for long", how: "nobody listens; four requests, of which the first opens the breaker",
		start: (*scene).dead, times: 4,
		rows: []row{{every, outcome{"200 legacy", "0", "4", "open", "connect, open ×3", "connect"}}},
	},
	{
		name: "full", how: "has as many requests under way as max_inflight allows, and none ends while the next one waits",
		backend: "max_inflight: 1\n    queue: { size: 1, timeout: 1ms }",
		start:   (*scene).holding, run: (*scene).whileHeld,
		rows: []row{{every, outcome{"200 legacy", "0", "1", "closed", "full", "-"}}},
	},
	{
		name: "flapping", how: "nobody listens for 5 ms, then it is back for 5 ms, and so on; the breaker is off",
		start: behind(), run: (*scene).flapping, times: 60, breaker: "enabled: off",
		rows: []row{
			{small, outcome{Client: "200 new | 200 legacy"}},
			{once | putLarge, outcome{Client: "200 new | 200 legacy | 502 gateway"}},
		},
	},
	{
		name: "one of three addresses dead", how: "nobody listens at one of its addresses",
		start: func(s *scene) { s.dead(); s.origin(healthy); s.origin(healthy) }, times: 12,
		rows: []row{{every, outcome{"200 new", "12", "0", "closed", "-", ""}}},
	},
	{
		name: "all of three addresses dead", how: "nobody listens at any of its addresses",
		start: func(s *scene) { s.dead(); s.dead(); s.dead() },
		rows:  []row{{every, unsent}},
	},
	{
		name: "legacy dead", how: "nobody listens at legacy's address; the new side keeps the rules",
		start: to(healthy), legacyDown: true,
		rows: []row{{every, asUsual}},
	},
	{
		name: "legacy dead, at stage legacy", how: "nobody listens at legacy's address, which serves the route",
		start: to(healthy), stage: "legacy", legacyDown: true,
		rows: []row{{every, outcome{"502 gateway", "0", "0", "closed", "-", "-"}}},
	},
	{
		name: "both dead", how: "nobody listens at either side's address",
		start: (*scene).dead, legacyDown: true,
		rows: []row{{every, outcome{"502 gateway", "0", "0", "open", "connect", "connect"}}},
	},
}
