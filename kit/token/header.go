package token

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// readHeader validates the header's members and returns kid. Unknown members are ignored, as RFC 7515 section 4 demands.
func readHeader(part string) (kid string, err error) {
	doc, err := decode(part)
	if err != nil {
		return "", err
	}
	var alg string
	err = eachMember(doc, func(name string, value member) error {
		switch name {
		case "alg":
			return readString(value, &alg)
		case "kid":
			return readString(value, &kid)
		case "typ":
			var typ string
			if err := readString(value, &typ); err != nil || !strings.EqualFold(typ, "JWT") {
				return errMalformed
			}
		case "crit", "enc": // extensions that we would have to understand; a JWE (RFC 7516 section 9)
			return errMalformed
		case "b64":
			if value.Kind() != jsontext.KindTrue {
				return errMalformed
			}
		}
		return nil
	})
	if err != nil || alg != "HS256" {
		return "", errMalformed
	}
	return kid, nil
}
