package importer

import (
	"strings"
)

// rewrite reads what a rewrite handler does to the path: a prefix that is cut off or
// put in front can be said, all else is listed.
func (c *caddyImporter) rewrite(h *node, s *scope) {
	for _, key := range h.keys {
		switch value := h.get(key).text(); {
		case key == "handler":
		case key == "strip_path_prefix" && c.strip(value, s):
		case key == "uri" && isPlainPrefix(strings.TrimSuffix(value, "{http.request.uri}")) && strings.HasSuffix(value, "{http.request.uri}") && s.rewrite.AddPrefix == "":
			s.rewrite.AddPrefix = strings.TrimSuffix(value, "{http.request.uri}")
		default:
			c.lose(h.place, "rewrite %s: say it by the rewrite of the route%s", key, s.about())
		}
	}
}

// strip cuts a prefix off, which paths that are matched further in don't have any more.
func (c *caddyImporter) strip(prefix string, s *scope) bool {
	prefix = "/" + strings.Trim(prefix, "/")
	if !isPlainPrefix(prefix) || s.rewrite.AddPrefix != "" || s.rewrite.StripPrefix != "" || len(s.paths) == 0 {
		return false
	}
	for _, path := range s.paths {
		if path != prefix && !strings.HasPrefix(path, prefix+"/") {
			return false
		}
	}
	s.rewrite.StripPrefix, s.stripped = prefix, prefix
	return true
}

func isPlainPrefix(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.HasSuffix(text, "/") && !strings.ContainsAny(text, "{}%*?")
}
