package token

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Claims are the claims of a verified token.
type Claims struct {
	UserID    int64     // sub
	IssuedAt  time.Time // iat; zero if absent
	ExpiresAt time.Time // exp
	ID        string    // jti; empty if absent
	// SessionID (sid) and Generation, the user's token generation (gen), can only be verified against the user's state,
	// which this package does not have. One of a wrong form counts as absent: SessionID is empty or HasGeneration false.
	SessionID     string
	Generation    int64
	HasGeneration bool
	Role          string // role; empty for ordinary users
	// KeyID (key) is the API key that the token stands for, 0 if it is one of a sign-in. A service that verifies tokens alone
	// treats both the same. Those who know the user's state ask for the key instead of the session.
	KeyID int64
}

// rawClaims are the claims as read, before they are validated. Times are seconds since 1970; NaN means absent.
type rawClaims struct {
	Claims
	issuer        string
	audience      []string
	exp, nbf, iat float64
}

// readClaims validates the types of the known claims and ignores the others (RFC 7519 section 4).
func readClaims(part string) (rawClaims, error) {
	c := rawClaims{exp: math.NaN(), nbf: math.NaN(), iat: math.NaN()}
	doc, err := decode(part)
	if err != nil {
		return c, err
	}
	err = eachMember(doc, func(name string, value member) error {
		switch name {
		case "iss":
			return readString(value, &c.issuer)
		case "aud":
			return readAudience(value, &c.audience)
		case "exp":
			return readTime(value, &c.exp)
		case "nbf":
			return readTime(value, &c.nbf)
		case "iat":
			return readTime(value, &c.iat)
		case "sub":
			return readID(value, &c.UserID)
		case "key":
			return readID(value, &c.KeyID)
		case "jti":
			return readString(value, &c.ID)
		case "sid":
			_ = readString(value, &c.SessionID) // see Claims
		case "role":
			return readString(value, &c.Role)
		case "gen":
			c.Generation, c.HasGeneration = readGeneration(value)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	c.ExpiresAt = asTime(c.exp)
	c.IssuedAt = asTime(c.iat)
	return c, nil
}

func readString(value member, into *string) error {
	if value.Kind() != jsontext.KindString {
		return errMalformed
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return errMalformed
	}
	*into = string(text)
	return nil
}

// readAudience reads one string or an array of strings (RFC 7519 section 4.1.3).
func readAudience(value member, into *[]string) error {
	if value.Kind() == jsontext.KindString {
		*into = make([]string, 1)
		return readString(value, &(*into)[0])
	}
	if value.Kind() != jsontext.KindBeginArray {
		return errMalformed
	}
	return eachElement(value, func(element member) error {
		var one string
		if err := readString(element, &one); err != nil {
			return err
		}
		*into = append(*into, one)
		return nil
	})
}

// readTime reads a NumericDate (RFC 7519 section 2): a finite JSON number.
func readTime(value member, into *float64) error {
	if value.Kind() != jsontext.KindNumber {
		return errMalformed
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return errMalformed
	}
	*into = seconds
	return nil
}

// readID reads a string with a positive decimal number, without sign or leading zero. auth-service issues no other form.
func readID(value member, into *int64) error {
	var text string
	if err := readString(value, &text); err != nil {
		return err
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return errMalformed
	}
	*into = id
	return nil
}

// readGeneration reads a whole number, at least 0.
func readGeneration(value member) (generation int64, ok bool) {
	generation, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || generation < 0 {
		return 0, false
	}
	return generation, true
}

// asTime keeps fractions down to the microsecond. Times beyond the year 5138 become the zero time: no clock reaches them,
// and validate refuses them where it matters.
func asTime(seconds float64) time.Time {
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return time.Time{}
	}
	return time.UnixMicro(int64(seconds * 1e6)).UTC()
}
