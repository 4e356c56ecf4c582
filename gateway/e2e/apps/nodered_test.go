package apps

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

var nodeRED = application{
	name: "Node-RED",
	what: "npm's Node-RED (Express, ws): editor, login, admin API, flows that answer HTTP and websockets",
	moved: []string{
		"/hello/{name}", "/orders", "/ws/echo", "/auth/{rest...}", "GET /red/{rest...}", "/comms", "GET /icons/{rest...}",
	},
	prepare: prepareNode("settings.js", "flows.json"),
	start:   startNodeRED,
	visit:   by(visitNodeRED),
}

func startNodeRED(t *testing.T, prepared string) string {
	dir := filepath.Join(t.TempDir(), "red")
	command(t, prepared, "cp", "-a", prepared, dir)
	address := gatewaytest.FreeAddress(t)
	ip, port, _ := net.SplitHostPort(address)
	run(t, dir, "tcp", address, "node", filepath.Join(dir, "node_modules", "node-red", "red.js"), "--userDir", dir,
		"--settings", filepath.Join(dir, "settings.js"), "--port", port, "--define", "uiHost="+ip)
	gatewaytest.Await(t, "the flows to run", func() bool {
		v := newVisitor(t, "http://"+address)
		defer v.hangUp()
		return v.get("/hello/x").Status == 200
	})
	return "http://" + address
}

func visitNodeRED(v *visitor) {
	for _, path := range []string{
		"/", "/red/red.min.js", "/red/style.min.css", "/vendor/vendor.js", "/red/images/node-red.svg", "/favicon.ico", "/settings", "/flows", "/nodes",
		"/auth/login", "/theme", "/locales/editor?lng=de", "/icons", "/icons/node-red/inject.svg", "/nothing", "/hello/world?a=1&b=%C3%A4&b=2", "/hello/a%2Fb",
	} {
		whole := v.get(path, "Accept: */*")
		v.do("HEAD", path, "")
		if tag := whole.field("ETag"); tag != "" {
			v.doAs("GET "+path+" again", "GET", path, "", "If-None-Match: "+tag)
			v.get(path, "Range: bytes=0-9", "Accept-Encoding: gzip")
		}
	}
	v.post("/orders", "application/json", `{"tea":[1,2,{"ä":null}]}`)
	v.post("/orders", "application/x-www-form-urlencoded", "a=1&b[c]=2")
	v.post("/orders", "multipart/form-data; boundary=XX", "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"+strings.Repeat("text", 50_000)+"\r\n--XX--\r\n")
	v.post("/orders", "application/json", `{"broken`)
	v.raw("POST /orders, chunked", "POST", "POST /orders HTTP/1.1\r\nHost: "+host+"\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
	v.do("DELETE", "/teapot", "")
	v.do("OPTIONS", "/orders", "", "Origin: http://elsewhere.example", "Access-Control-Request-Method: POST")
	chat(v, "/ws/echo", "hello", strings.Repeat("long ", 12_000), "ä")
	administer(v)
}

// administer logs in and uses the API by which the editor works.
func administer(v *visitor) {
	v.post("/auth/token", "application/json", `{"client_id":"node-red-editor","grant_type":"password","scope":"*","username":"alice","password":"wrong"}`)
	answer := v.post("/auth/token", "application/json", `{"client_id":"node-red-editor","grant_type":"password","scope":"*","username":"alice","password":"alice-demo"}`)
	var token struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(answer.Body), &token); err != nil || token.Token == "" {
		v.t.Fatalf("the login did not succeed: %v %s", err, answer.Body)
	}
	ask := func(method, path, body string, fields ...string) {
		v.t.Helper()
		v.doAs(method+" "+path+" "+strings.Join(fields, " ")+", logged in", method, path, body, append(fields, "Authorization: Bearer "+token.Token)...)
	}
	for _, path := range []string{"/settings", "/settings/user", "/flow/tab1", "/context/global", "/library/local/flows/", "/plugins", "/nodes/messages"} {
		ask("GET", path, "")
	}
	ask("GET", "/flows", "", "Node-RED-API-Version: v2")
	ask("GET", "/nodes", "", "Accept: application/json")
	ask("GET", "/nodes", "", "Accept: text/html")
	ask("PUT", "/flow/tab1", `{"broken`, "Content-Type: application/json")
	ask("POST", "/library/local/flows/tea.json", `[]`, "Content-Type: application/json")
	ask("GET", "/library/local/flows/tea.json", "")
	ask("POST", "/settings/user", `{"editor":{"tours":{}}}`, "Content-Type: application/json")
	ask("DELETE", "/flow/none", "")
	chat(v, "/comms", `{"auth":"`+token.Token+`"}`)
	ask("POST", "/auth/revoke", `{"token":"`+token.Token+`"}`, "Content-Type: application/json")
	v.get("/flows")
}
