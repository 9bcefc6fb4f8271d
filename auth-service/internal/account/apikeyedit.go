package account

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"tallygate/auth-service/internal/fault"
)

const (
	maxKeyName   = 100 // characters
	maxKeyRoutes = 100
	// MaxKeyOverlap is how long the old secret of a rotated key may live on.
	MaxKeyOverlap = 7 * 24 * time.Hour
	// latestExpiry is the last year that JSON can write.
	latestExpiry = 9999
)

// routeName is the form that names have in the routes file.
var routeName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// KeyEdit is what a key is to be. nil changes nothing; of a new key it leaves the default.
type KeyEdit struct {
	Name      *string
	ExpiresAt *time.Time // zero: never
	Routes    *[]string  // nil: every route
	Quota     *Quota
}

// check returns a *fault.InvalidError if a key cannot be so.
func (e KeyEdit) check(now time.Time) error {
	if e.Name != nil {
		if err := checkKeyName(*e.Name); err != nil {
			return err
		}
	}
	if e.ExpiresAt != nil && !e.ExpiresAt.IsZero() {
		at := e.ExpiresAt.UTC()
		if !at.Truncate(time.Microsecond).After(now) || at.Year() > latestExpiry {
			return fault.Invalid("expires_at", "The expiry has to be in the future, and not after the year 9999.")
		}
	}
	if e.Routes != nil && *e.Routes != nil {
		return checkKeyRoutes(*e.Routes)
	}
	return nil
}

func checkKeyName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxKeyName {
		return fault.Invalid("name", fmt.Sprintf("The name of a key has 1 to %d characters.", maxKeyName))
	}
	for _, r := range name {
		if !utf8.ValidRune(r) || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return fault.Invalid("name", fmt.Sprintf("The name of a key must not hold the control character %U.", r))
		}
	}
	return nil
}

func checkKeyRoutes(routes []string) error {
	if len(routes) == 0 || len(routes) > maxKeyRoutes {
		return fault.Invalid("routes", fmt.Sprintf("The routes have to be 1 to %d names, or null for every route.", maxKeyRoutes))
	}
	for _, name := range routes {
		if !routeName.MatchString(name) {
			return fault.Invalid("routes", "The name of a route has up to 63 of a-z 0-9 . _ - and begins with a letter or a digit.")
		}
	}
	return nil
}

// apply returns the key as it is to be.
func (e KeyEdit) apply(k APIKey) APIKey {
	if e.Name != nil {
		k.Name = *e.Name
	}
	if e.ExpiresAt != nil {
		k.ExpiresAt = time.Time{}
		if !e.ExpiresAt.IsZero() {
			k.ExpiresAt = e.ExpiresAt.UTC().Truncate(time.Microsecond)
		}
	}
	if e.Routes != nil {
		k.Routes = distinct(*e.Routes)
	}
	if e.Quota != nil {
		k.MonthlyQuota = e.Quota.Limit
	}
	return k
}

// distinct leaves out names that stand before, in the order given.
func distinct(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// equal reports whether two states of a key are the same.
func (k *APIKey) equal(o *APIKey) bool {
	return k.Name == o.Name && k.Hash == o.Hash && k.Previous == o.Previous && k.PreviousUntil.Equal(o.PreviousUntil) &&
		k.ExpiresAt.Equal(o.ExpiresAt) && (k.Routes == nil) == (o.Routes == nil) && slices.Equal(k.Routes, o.Routes) &&
		sameQuota(k.MonthlyQuota, o.MonthlyQuota)
}
