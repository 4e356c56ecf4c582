// Package routes holds the shipped route files and policies, for those who need a copy of them (the
// demo and the tests), and what belongs to every folder of route files: their schema
// and their manual. A gateway reads its folder from disk.
package routes

import "embed"

// Files are the route files of this folder, the schema that they name, and the policies.
//
//go:embed *.yaml schema.json policies/*.rego
var Files embed.FS

// Schema is the JSON Schema of a route file. It is generated from the Go structs of
// package route: go test ./routes -update.
//
//go:embed schema.json
var Schema string

// Manual is the manual of the route language, in Markdown. It is generated like Schema.
//
//go:embed README.md
var Manual string
