package token

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jose is what verification needs of a token's header.
type jose struct {
	kid string
}

// readHeader validates the header's members. Unknown ones are ignored, as RFC 7515 section 4 demands.
func readHeader(part string) (jose, error) {
	doc, err := decode(part)
	if err != nil {
		return jose{}, err
	}
	var h jose
	var alg string
	err = eachMember(doc, func(name string, value member) error {
		switch name {
		case "alg":
			return readString(value, &alg)
		case "kid":
			return readString(value, &h.kid)
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
		return jose{}, errMalformed
	}
	return h, nil
}
