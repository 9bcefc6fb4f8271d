package token

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// header is what a token says about its signature. Which key verifies it is not for the token to say: see [keys.signed].
type header struct{ alg, kid string }

// readHeader validates the header's members. Unknown members are ignored, as RFC 7515 section 4 demands. In a token that is
// not signed with a secret, a member that brings or names a key is refused: auth-service writes none.
func readHeader(part string) (header, error) {
	var h header
	doc, err := decode(part)
	if err != nil {
		return h, err
	}
	bringsKey := false
	err = eachMember(doc, func(name string, value member) error {
		switch name {
		case "alg":
			return readString(value, &h.alg)
		case "kid":
			return readString(value, &h.kid)
		case "typ":
			var typ string
			if err := readString(value, &typ); err != nil || !strings.EqualFold(typ, "JWT") {
				return errMalformed
			}
		case "crit", "enc": // extensions that we would have to understand; a JWE (RFC 7516 section 9)
			return errMalformed
		case "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256":
			bringsKey = true
		case "b64":
			if value.Kind() != jsontext.KindTrue {
				return errMalformed
			}
		}
		return nil
	})
	if err != nil || bringsKey && h.alg != HS256 {
		return header{}, errMalformed
	}
	return h, nil
}
