package calc

import (
	"errors"
	"strconv"
)

// Why a text is not a number that can be computed with.
var (
	ErrNotANumber = errors.New("not a number")
	ErrOutOfRange = errors.New("number out of range")
)

// ParseNumber reads a decimal number: an optional sign, digits with an optional point (5, 5., .5), and an optional
// exponent (1e-3). Nothing else: no white space, no names such as Inf, no hexadecimal, no separators, no digits of other
// scripts. A value beyond the largest float64 is ErrOutOfRange; one too small is rounded to a subnormal number or 0.
func ParseNumber(text string) (float64, error) {
	if !decimal(text) {
		return 0, ErrNotANumber
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, ErrOutOfRange // the grammar is checked, so nothing else can be wrong
	}
	return value, nil
}

// decimal reports whether text follows the grammar of ParseNumber. strconv.ParseFloat takes more.
func decimal(text string) bool {
	rest := skipSign(text)
	whole, rest := skipDigits(rest)
	fraction := 0
	if rest != "" && rest[0] == '.' {
		fraction, rest = skipDigits(rest[1:])
	}
	if whole+fraction == 0 {
		return false
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		var exponent int
		if exponent, rest = skipDigits(skipSign(rest[1:])); exponent == 0 {
			return false
		}
	}
	return rest == ""
}

func skipSign(text string) string {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

func skipDigits(text string) (n int, rest string) {
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n, text[n:]
}
