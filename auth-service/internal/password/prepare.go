package password

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// MaxBytes is the longest password, before preparation. Longer ones are refused unhashed: clients must not choose the cost
// of a hash.
const MaxBytes = 1024

// What can be wrong with the length of a password.
var (
	ErrEmpty   = errors.New("password is empty")
	ErrTooLong = errors.New("password is too long")
)

// SignError means that a password holds a sign that no keyboard types.
type SignError struct {
	Sign string // as in "U+0007 (a control character)"
}

func (s *SignError) Error() string { return "password holds " + s.Sign }

// Prepared is a password in the one form that is hashed. Only Prepare makes one.
type Prepared struct {
	text string
	raw  string // as it was sent: what other systems have hashed
}

// Prepare brings a password into the form that is hashed, so that two keyboards spell the same password alike. What
// OpaqueString (RFC 8265 section 4.2) accepts gets the same form as there: other spaces become U+0020, and the text is put in
// NFC. Beyond that it accepts whatever a keyboard can type. Variation selectors are left out: whether one follows an emoji
// is the keyboard's choice. Nothing else is trimmed, folded or cut.
//
// The form of a password never changes, with no version of Unicode: stored hashes depend on it. The error is ErrEmpty,
// ErrTooLong or a *SignError.
func Prepare(raw string) (Prepared, error) {
	switch {
	case raw == "":
		return Prepared{}, ErrEmpty
	case len(raw) > MaxBytes:
		return Prepared{}, ErrTooLong
	}
	var text strings.Builder
	text.Grow(len(raw))
	for i, r := range raw {
		switch {
		case r == utf8.RuneError && isBroken(raw[i:]):
			return Prepared{}, &SignError{nameBroken(raw[i:])}
		case untypable(r) != "":
			return Prepared{}, &SignError{nameOf(r)}
		case isVariationSelector(r):
		case isSpace(r):
			text.WriteByte(' ')
		default:
			text.WriteRune(r)
		}
	}
	if text.Len() == 0 {
		return Prepared{}, ErrEmpty
	}
	return Prepared{text: normalize(text.String()), raw: raw}, nil
}

// String hides the password from logs and formatted errors.
func (Prepared) String() string { return "[password]" }

// GoString hides the password from %#v.
func (Prepared) GoString() string { return "[password]" }

// foreign are the texts that another system may have hashed: what was sent, and the prepared form if that differs.
func (p Prepared) foreign() []string {
	if p.raw == p.text {
		return []string{p.text}
	}
	return []string{p.raw, p.text}
}

// Len is the password's length in characters.
func (p Prepared) Len() int { return utf8.RuneCountInString(p.text) }

// Same reports whether two passwords, both from one client, are the same.
func (p Prepared) Same(other Prepared) bool { return p.text == other.text }
