package graphql

import (
	"bytes"
	"encoding/json"
)

// maxKeys bounds the work of reading an object; requests have a handful.
const maxKeys = 100

// object reads a JSON object and returns those of its keys that count. One of them
// that stands there twice, a key that reads like one of them (see [keyNames]), or
// anything behind the object, makes it none: parsers differ in what they take.
func object(raw json.RawMessage, count keyNames) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	keys := make(map[string]json.RawMessage, len(count))
	var passed json.RawMessage // what does not count, one after the other
	for n := 0; d.More(); n++ {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText || n == maxKeys {
			return nil, false
		}
		counts, ok := count.find(name)
		if !ok {
			return nil, false
		}
		if !counts {
			if d.Decode(&passed) != nil {
				return nil, false
			}
			continue
		}
		var value json.RawMessage
		if _, twice := keys[name]; twice || d.Decode(&value) != nil {
			return nil, false
		}
		keys[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	return keys, len(bytes.TrimSpace(raw[d.InputOffset():])) == 0
}

// text reads a JSON string; null and nothing are the empty one.
func text(raw json.RawMessage, to *string) bool {
	return isNull(raw) || json.Unmarshal(raw, to) == nil
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null"
}
