package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxBytes is the largest token. Longer ones are refused unread.
	MaxBytes = 8 << 10
	// maxDepth bounds nesting in header and claims. Real ones have two levels.
	maxDepth = 32
)

var errMalformed = errors.New("malformed")

// split cuts a compact JWS into its three parts; signed is the text of the first two. It refuses all bytes but
// base64url's alphabet, because encoding/base64 skips line ends.
func split(raw string) (signed, header, claims, signature string, err error) {
	if len(raw) > MaxBytes {
		return "", "", "", "", errMalformed
	}
	var dots [2]int
	n := 0
	for i := range len(raw) {
		c := raw[i]
		if c == '.' {
			if n == 2 {
				return "", "", "", "", errMalformed
			}
			dots[n] = i
			n++
			continue
		}
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return "", "", "", "", errMalformed
		}
	}
	if n != 2 || dots[0] == 0 || dots[1] == dots[0]+1 || dots[1] == len(raw)-1 {
		return "", "", "", "", errMalformed
	}
	return raw[:dots[1]], raw[:dots[0]], raw[dots[0]+1 : dots[1]], raw[dots[1]+1:], nil
}

// decode reads base64url without padding and refuses spellings with unused bits set (RFC 4648 section 3.5).
func decode(part string) ([]byte, error) {
	out, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, errMalformed
	}
	return out, nil
}

// member is the JSON text of one value of an object's top level. It is valid only during the call that gets it.
type member = jsontext.Value

// eachMember calls take for every top-level member of the JSON object in doc. It returns errMalformed if doc is not an
// object or not UTF-8, has duplicate names at any level, nests deeper than maxDepth, or goes on after the object.
func eachMember(doc []byte, take func(name string, value member) error) error {
	if !shallow(doc) {
		return errMalformed
	}
	dec := jsontext.NewDecoder(bytes.NewReader(doc))
	open, err := dec.ReadToken()
	if err != nil || open.Kind() != jsontext.KindBeginObject {
		return errMalformed
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		tok, err := dec.ReadToken()
		if err != nil {
			return errMalformed
		}
		name := tok.String()
		value, err := dec.ReadValue()
		if err != nil {
			return errMalformed
		}
		if err := take(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return errMalformed
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errMalformed
	}
	return nil
}

// shallow reports whether doc nests no deeper than maxDepth. Brackets inside strings do not count.
func shallow(doc []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// eachElement calls take for every element of a JSON array that eachMember has found valid.
func eachElement(array member, take func(member) error) error {
	dec := jsontext.NewDecoder(bytes.NewReader(array))
	if _, err := dec.ReadToken(); err != nil {
		return errMalformed
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		value, err := dec.ReadValue()
		if err != nil {
			return errMalformed
		}
		if err := take(value); err != nil {
			return err
		}
	}
	return nil
}
