package ecs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText bounds, in bytes, a text that a client sent.
const maxText = 4 << 10

func bounded(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func asText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case error:
		return value.Error()
	}
	return fmt.Sprint(value)
}

// labelName is the name of a label, which has no dots.
func labelName(key string) string { return strings.ReplaceAll(key, ".", "_") }

// asLabel returns a value as a label has it: a text. Values of several parts are JSON.
func asLabel(value any) string {
	switch value := value.(type) {
	case time.Duration:
		return value.String()
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	case map[string]any, []any:
		if text, err := json.Marshal(value); err == nil {
			return string(text)
		}
	}
	return asText(value)
}
