package password

import (
	"errors"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// MaxBytes is the longest password, before preparation. Longer ones are refused unhashed: clients must not choose the cost
// of a hash.
const MaxBytes = 1024

// What can be wrong with the text of a password.
var (
	ErrEmpty      = errors.New("password is empty")
	ErrTooLong    = errors.New("password is too long")
	ErrCharacters = errors.New("password holds characters that no keyboard can repeat")
)

// Prepared is a password in the one form that is hashed: RFC 8265's OpaqueString. Only Prepare makes one.
type Prepared struct {
	text string
}

// Prepare applies OpaqueString (RFC 8265 section 4.2): other spaces become U+0020 and the text is put in NFC, so that
// two keyboards spell the same password alike. Nothing is trimmed, folded or cut; control characters are refused.
// The error is ErrEmpty, ErrTooLong or ErrCharacters.
func Prepare(raw string) (Prepared, error) {
	switch {
	case raw == "":
		return Prepared{}, ErrEmpty
	case len(raw) > MaxBytes:
		return Prepared{}, ErrTooLong
	case !utf8.ValidString(raw):
		return Prepared{}, ErrCharacters
	}
	text, err := precis.OpaqueString.String(raw)
	if err != nil {
		return Prepared{}, ErrCharacters
	}
	return Prepared{text: text}, nil
}

// String hides the password from logs and formatted errors.
func (Prepared) String() string { return "[password]" }

// GoString hides the password from %#v.
func (Prepared) GoString() string { return "[password]" }

// Len is the password's length in characters.
func (p Prepared) Len() int { return utf8.RuneCountInString(p.text) }
