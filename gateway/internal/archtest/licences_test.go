package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// licences are those that a module of a program may have, each with words that only it has.
// None asks for more than that its text is passed on, but for the last, which asks that
// changes of its files are.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "apache license version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0", "cc0 1.0 universal"},
	{"MPL-2.0", "mozilla public license version 2.0"},
}

// forbidden are words of licences that would reach over to what is ours.
var forbidden = []string{"gnu general public license", "gnu affero", "server side public license", "business source license", "elastic license", "commons clause"}

// Every module that is part of a program has a licence that a bank can live with.
func TestLicences(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "./gateway", "./legacy-stub", "./newservices/...")
	list.Dir = "../../.."
	var said bytes.Buffer
	list.Stderr = &said
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	counts := map[string]int{}
	for _, line := range slices.Compact(lines) {
		module, dir, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		names := licencesIn(t, dir)
		if len(names) == 0 {
			t.Errorf("%s: no licence that is known and allowed in %s", module, dir)
		}
		for _, name := range names {
			counts[name]++
		}
	}
	if len(counts) < 3 {
		t.Errorf("only %v", counts)
	}
	t.Logf("modules by licence: %v", counts)
}

// licencesIn returns the licences in a module's folder; nil where there is none, or one
// that is forbidden.
func licencesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.ToLower(entry.Name())
		if entry.IsDir() || !strings.HasPrefix(name, "licen") && !strings.HasPrefix(name, "copying") && !strings.HasPrefix(name, "unlicense") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found, bad := licencesOf(string(text))
		if bad {
			return nil
		}
		names = append(names, found...) // none in files about logos and the like
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// licencesOf returns the licences that a text has, and whether one of them is forbidden.
func licencesOf(text string) (names []string, bad bool) {
	words := strings.Join(strings.Fields(strings.ToLower(strings.NewReplacer("*", " ", "#", " ", ">", " ", "//", " ", "“", "\"", ",", ", ").Replace(text))), " ")
	words = strings.ReplaceAll(words, "license, version 2.0", "license version 2.0")
	for _, one := range licences {
		if strings.Contains(words, one.words) {
			names = append(names, one.name)
		}
	}
	if slices.Contains(names, "MPL-2.0") { // whose text names others that it goes with
		return names, false
	}
	return names, slices.ContainsFunc(forbidden, func(one string) bool { return strings.Contains(words, one) })
}

func TestLicencesOf(t *testing.T) {
	for text, want := range map[string]string{
		"Permission is hereby granted, free of charge,\n to any person obtaining a copy of":                     "MIT",
		"                Apache License\n           Version 2.0, January 2004":                                  "Apache-2.0",
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                                                                 "bad",
		"Business Source License 1.1":                                                                           "bad",
		"MIT, and Commons Clause. Permission is hereby granted, free of charge, to any person obtaining a copy": "bad",
		"all rights reserved": "",
	} {
		got, bad := licencesOf(text)
		if bad != (want == "bad") || !bad && strings.Join(got, " ") != want {
			t.Errorf("%q: %q, bad %v; want %q", text, got, bad, want)
		}
	}
}
