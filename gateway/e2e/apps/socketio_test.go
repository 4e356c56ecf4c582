package apps

import (
	"encoding/json"
	"strings"
)

var socketIO = application{
	name:    "Socket.IO",
	what:    "npm's Socket.IO: long polling, websockets, and the change from one to the other",
	moved:   []string{"POST /socket.io/", "GET /socket.io/ when { query: { transport: websocket } }"},
	prepare: prepareNode("socketio.mjs"),
	start:   startScript("socketio.mjs"),
	visit:   by(visitSocketIO),
}

func visitSocketIO(v *visitor) {
	const polling = "/socket.io/?EIO=4&transport=polling"
	origin := "Origin: http://" + host
	v.get("/")
	v.do("OPTIONS", polling, "", origin, "Access-Control-Request-Method: POST")
	v.get("/socket.io/?EIO=3&transport=polling")
	v.get("/socket.io/?EIO=4&transport=pigeon")
	v.get("/socket.io/socket.io.js", "Accept-Encoding: gzip")
	session := v.session(v.get(polling, origin).Body)
	post := func(text string) {
		v.t.Helper()
		v.doAs("POST "+text, "POST", polling+"&sid="+session, text, "Content-Type: text/plain;charset=UTF-8", origin)
	}
	poll := func(what string) {
		v.t.Helper()
		v.doAs("poll: "+what, "GET", polling+"&sid="+session, "", origin)
	}
	post("40")
	poll("connected")
	for _, text := range []string{`42["who"]`, `42["say","hello"]`, `42["say","` + strings.Repeat("ä", 3000) + `"]`} {
		post(text)
		poll("the answer")
	}
	v.doAs("poll of nobody", "GET", polling+"&sid=nobody", "", origin)

	v.open("upgrade", "/socket.io/?EIO=4&transport=websocket&sid="+session)
	v.sendFrame(0x81, "2probe")
	v.noteFrames("upgrade", "probe")
	v.hangUp()

	v.open("websocket", "/socket.io/?EIO=4&transport=websocket")
	v.session(v.noteFrames("websocket", "opened").Body)
	for _, text := range []string{"40", `42["who"]`, `42["say","hello"]`, `427["say","again"]`} {
		v.sendFrame(0x81, text)
		v.noteFrames("websocket", text)
	}
	v.noteFrames("websocket", "that it was heard")
	v.hangUp()
}

// session returns the identifier in what a server of Engine.IO says first.
func (v *visitor) session(text string) string {
	v.t.Helper()
	var opened struct{ SID string }
	if _, text, _ = strings.Cut(text, "{"); json.NewDecoder(strings.NewReader("{"+text)).Decode(&opened) != nil || opened.SID == "" {
		v.t.Fatalf("no session in %q", text)
	}
	return opened.SID
}
