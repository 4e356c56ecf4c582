package graphql

import (
	"bytes"
	"encoding/json"
)

// object reads a JSON object, whose keys count as they are written. A key that
// stands there twice, or anything behind the object, makes it none: parsers differ
// in what they take.
func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	keys := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return nil, false
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
