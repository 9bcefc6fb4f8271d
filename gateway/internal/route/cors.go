package route

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// CORS lets browsers call from pages of other origins (the Fetch standard). nil allows none.
type CORS struct {
	Origins []string // in the form OriginForm
	Headers []string // that requests may have beside Authorization, Content-Type and X-Request-Id; "*" for all others
	Expose  []string // that scripts may read, beside those that they always may
	MaxAge  time.Duration
}

// OriginForm is "*", or what browsers send in the Origin field: in lower case, without a path. Its first label may be *, which is any one
// label, and its port, which is any port or none.
var OriginForm = regexp.MustCompile(`^(\*|[a-z][a-z0-9+.-]*://((\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(:([1-9][0-9]{0,4}|\*))?)$`)

// AboutOrigin says what OriginForm is.
const AboutOrigin = `an origin is "*" or like https://app.example.org, https://*.example.org or http://localhost:*`

// NormalOrigin is an origin of OriginForm without a port that browsers leave out.
func NormalOrigin(origin string) string {
	switch {
	case strings.HasPrefix(origin, "https://"):
		return strings.TrimSuffix(origin, ":443")
	case strings.HasPrefix(origin, "http://"):
		return strings.TrimSuffix(origin, ":80")
	}
	return origin
}

// Everybody reports whether pages of every origin may call. The response then does not depend on the origin.
func (c *CORS) Everybody() bool { return c != nil && slices.Contains(c.Origins, "*") }

// Allows reports whether pages of this origin may call.
func (c *CORS) Allows(origin []byte) bool {
	return c != nil && len(origin) > 0 && slices.ContainsFunc(c.Origins, func(allowed string) bool { return allowsOrigin(allowed, origin) })
}

func allowsOrigin(allowed string, origin []byte) bool {
	if allowed == "*" || allowed == string(origin) {
		return true
	}
	rest := string(origin)
	if start, end, wild := strings.Cut(allowed, "*."); wild {
		if !strings.HasPrefix(rest, start) {
			return false
		}
		label := len(rest[len(start):]) - len(strings.TrimLeft(rest[len(start):], labelBytes))
		if label == 0 {
			return false
		}
		allowed, rest = "."+end, rest[len(start)+label:]
	}
	host, anyPort := strings.CutSuffix(allowed, ":*")
	if !anyPort {
		return rest == allowed
	}
	port, ok := strings.CutPrefix(rest, host)
	return ok && (port == "" || port[0] == ':' && len(port) > 1 && strings.Trim(port[1:], "0123456789") == "")
}

// labelBytes are those of a label in the Origin field, where names are in lower case.
const labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_"
