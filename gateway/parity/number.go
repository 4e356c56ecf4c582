package parity

import (
	"strconv"
	"strings"
)

// sameNumber compares two JSON numbers exactly: 1, 1.0 and 10e-1 are the same one, and
// two that only a float64 can't tell apart are not.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, okX := parseNumber(a)
	y, okY := parseNumber(b)
	return okX && okY && x == y
}

// number is 0.digits × 10^exponent, where digits neither begins nor ends with a zero.
type number struct {
	negative bool
	digits   string
	exponent int64
}

// parseNumber takes a number to its one form. It is not ok where the exponent is beyond
// all use; such numbers are the same where their texts are.
func parseNumber(text string) (n number, ok bool) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, exponent := rest, int64(0)
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.ParseInt(rest[i+1:], 10, 32); err != nil {
			return number{}, false
		}
		mantissa = rest[:i]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	exponent += int64(len(whole))
	significant := strings.TrimLeft(digits, "0")
	exponent -= int64(len(digits) - len(significant))
	significant = strings.TrimRight(significant, "0")
	if significant == "" {
		return number{}, true // -0 is 0: no JSON value differs by that
	}
	return number{negative, significant, exponent}, true
}
