package mining

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind says what a segment is.
type kind uint8

const (
	literal kind = iota
	number
	uuid
	hash
	date
	mail
	file  // one of many: 7.jpg
	token // long and random, or else fit to be a secret
	other // varies in another way
	word  // one of very many literals
	kinds
)

// names are what wildcards of a kind are called in templates.
var names = [kinds]string{"", "n", "uuid", "hash", "date", "email", "file", "token", "id", "slug"}

const maxSegment = 64 // bytes; a longer one is no name of anything

// classify says what a segment of a canonical path is, from its text alone and the
// literal before it.
func classify(segment, before string) kind {
	switch {
	case segment == "":
		return literal // the end of a path with a slash
	case len(segment) > maxSegment:
		return token
	case strings.ContainsRune(segment, '@'):
		return mail
	case strings.ContainsAny(segment, "%=;,&?#+:{}\\\"'<>|^`~*!$()") || !printable(segment):
		return other
	}
	if stem, extension, ok := cutLast(segment, '.'); ok && isExtension(extension) {
		if k := shape(stem); k != literal {
			return file
		}
		return literal
	}
	if k := shape(segment); k != literal {
		return k
	}
	if secretive(before) && !plain(segment) {
		return token
	}
	return literal
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' })
}

func cutLast(s string, separator byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, separator)
	if i <= 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func isExtension(s string) bool {
	return len(s) >= 1 && len(s) <= 5 && strings.ContainsFunc(s, isLetter) && !strings.ContainsFunc(s, func(r rune) bool { return !isLetter(r) && !isDigit(r) })
}

// shape looks at how a segment is built.
func shape(s string) kind {
	letters, digits, hexadecimal, others, run := count(s)
	switch {
	case letters == 0 && digits > 0:
		if len(s) == 10 && s[4] == '-' && s[7] == '-' {
			return date
		}
		return number // 12, 1.5, 2027-01
	case len(s) == 36 && hexadecimal == 32 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-':
		return uuid
	case others == 0 && hexadecimal == len(s) && (len(s) >= 16 || len(s) >= 7 && digits > 0):
		return hash
	case random(s, digits):
		return token
	case run >= 3: // product-123, in4711
		return other
	}
	return literal
}

// count counts letters, digits, hexadecimal digits and the rest, and the longest run of
// digits.
func count(s string) (letters, digits, hexadecimal, others, run int) {
	current := 0
	for _, r := range s {
		switch {
		case isDigit(r):
			digits++
			hexadecimal++
			current++
			run = max(run, current)
			continue
		case unicode.IsLetter(r):
			letters++
			if r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F' {
				hexadecimal++
			}
		default:
			others++
		}
		current = 0
	}
	return letters, digits, hexadecimal, others, run
}

// random reports whether a segment may be a key, a token or the like. It rather takes a
// name for a secret than a secret for a name.
func random(s string, digits int) bool {
	mixed := len(s) >= 12 && mixedCase(s)
	if len(s) >= 16 && mixed && digits >= 2 {
		return true
	}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		_, d, _, _, _ := count(part)
		switch {
		case len(part) >= 24,
			len(part) >= 12 && d > 0 && d < len(part),
			mixed && !named(part):
			return true
		}
	}
	return false
}

// named reports whether a part reads as people name things: words of some letters that can
// be spoken, each with a capital at most at its beginning (getUserAccount), or a few
// capitals (API).
func named(part string) bool {
	if len(part) <= 5 && part == strings.ToUpper(part) {
		return true
	}
	words, begin := 0, 0
	part = strings.TrimRightFunc(part, isDigit)
	for i, r := range part {
		if isDigit(r) {
			return false
		}
		if unicode.IsUpper(r) && i > begin {
			if !spoken(part[begin:i]) {
				return false
			}
			words, begin = words+1, i
		}
	}
	return spoken(part[begin:]) && len(part) >= 3*words
}

func spoken(word string) bool {
	return len(word) > 1 && (len(word) == 2 || strings.ContainsAny(word, "aeiouyAEIOUY"))
}

func mixedCase(s string) bool {
	return strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower)
}

// secretive reports whether what follows a segment tends to be a secret.
func secretive(segment string) bool {
	switch strings.ToLower(segment) {
	case "token", "tokens", "reset", "verify", "confirm", "confirmation", "invite", "invitation", "invitations", "unsubscribe",
		"activate", "activation", "key", "keys", "secret", "secrets", "password", "magic", "share", "shared", "s", "session", "sessions", "otp", "code":
		return true
	}
	return false
}

// plain reports whether a segment is a short word.
func plain(s string) bool {
	return len(s) <= 10 && !strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
