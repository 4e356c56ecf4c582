package sessions

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPHPValues(t *testing.T) {
	for text, want := range map[string]string{
		``:                                      `{}`,
		`a|N;b|b:1;c|i:-7;d|d:0.5;e|s:3:"x;}";`: `{"a":null,"b":true,"c":-7,"d":0.5,"e":"x;}"}`,
		`a|a:2:{i:0;s:1:"x";i:1;N;}`:            `{"a":["x",null]}`,
		`a|a:2:{i:1;s:1:"x";i:0;N;}`:            `{"a":{"0":null,"1":"x"}}`,
		`a|a:0:{}b|O:1:"X":0:{}`:                `{"a":[],"b":{}}`,
		"a|O:1:\"X\":2:{s:4:\"\x00*\x00p\";i:1;s:4:\"\x00X\x00q\";i:2;}": `{"a":{"p":1,"q":2}}`,
		"a|a:1:{s:3:\"x\x00y\";i:1;}":                                    `{"a":{"x\u0000y":1}}`,
		`a|C:1:"X":5:{{"};x}b|i:1;`:                                      `{"a":null,"b":1}`,
		`a|i:1;b|R:1;c|r:2;`:                                             `{"a":1,"b":null,"c":null}`,
		`a|E:7:"Plan:Up";`:                                               `{"a":"Up"}`,
		`a|d:NAN;b|d:-INF;c|d:1.0E+25;`:                                  `{"a":null,"b":null,"c":1e+25}`,
		"a|a:1:{s:1:\"\xff\";i:1;}":                                      `{"a":{}}`,
		`a|i:1;a|i:2;`:                                                   `{"a":2}`,
		`a`:                                                              "", `a|`: "", `a|i:1`: "", `a|i:x;`: "", `a|i:99999999999999999999;`: "", `a|b:2;`: "",
		`a|d:0x1p4;`: "", `a|d:;`: "", `a|s:4:"abc";`: "", `a|s:2:"abc";`: "", `a|s:-1:"";`: "", `a|s:99999999999:"x";`: "", `a|S:1:"a";`: "",
		`a|a:1:{}`: "", `a|a:2:{i:0;i:1;}`: "", `a|a:1:{N;i:1;}`: "", `a|a:1:{i:0;i:1;`: "", `a|a:2147483647:{i:0;i:1;}`: "",
		`a|O:1:"X":1:{i:0;}`: "", `a|C:1:"X":9:{}`: "", `a|R:0;`: "", `a|X;`: "", `a|i:1;x`: "",
	} {
		values, err := phpSession(text)
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, _ := json.Marshal(values); want != "" && string(got) != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	deep := strings.Repeat("a:1:{i:0;", phpDepth) + "N;" + strings.Repeat("}", phpDepth)
	if _, err := phpSession("a|" + deep); err != nil {
		t.Errorf("%d levels: %v", phpDepth, err)
	}
	if _, err := phpSession("a|a:1:{i:0;" + deep + "}"); err == nil {
		t.Errorf("%d levels are read", phpDepth+1)
	}
	for text, ok := range map[string]bool{`a:1:{s:1:"a";i:1;}`: true, `a:0:{}`: true, ``: false, `i:1;`: false, `a:0:{}x`: false, `N;`: false} {
		if _, err := phpSerialized(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
