package importer

import (
	"net/http"
	"strings"

	"ficus/gateway/routetable"
)

// ownerOf returns the id of the entry that owns a request, "METHOD HOST/PATH".
func ownerOf(table *routetable.Table, line string) string {
	method, target, _ := strings.Cut(line, " ")
	slash := strings.IndexByte(target, '/')
	path, query, _ := strings.Cut(target[slash:], "?")
	return table.Match(&routetable.Request{
		Method: method, Host: target[:slash], Path: routetable.Canonical(path), RawQuery: query, Header: http.Header{},
	}).ID
}
