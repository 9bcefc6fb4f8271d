package ginapi

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// brokenSign names the sign for which a text is no JSON, as a sentence after another one. It is empty if that is not for a sign
// that nobody can see.
func brokenSign(body []byte, err error) string {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) || syntax.ByteOffset >= int64(len(body)) {
		return ""
	}
	rest := body[syntax.ByteOffset:]
	r, size := utf8.DecodeRune(rest)
	var what string
	switch {
	case r == utf8.RuneError && size == 1:
		what = fmt.Sprintf("the byte 0x%02X, which is not UTF-8", rest[0])
	case r < ' ':
		what = fmt.Sprintf("%U, a control character, which has to be escaped", r)
	case isHalf(rest):
		what = string(rest[:6]) + ", half of a surrogate pair"
	default:
		return ""
	}
	return fmt.Sprintf(" At offset %d there is %s.", syntax.ByteOffset, what)
}

// isHalf reports whether a text begins with the escaped half of a surrogate pair.
func isHalf(text []byte) bool {
	return len(text) >= 6 && text[0] == '\\' && text[1] == 'u' && text[2]|0x20 == 'd' &&
		(text[3] == '8' || text[3] == '9' || text[3]|0x20 >= 'a' && text[3]|0x20 <= 'f')
}
