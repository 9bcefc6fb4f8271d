package httpapi

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
)

// keySettings are what a client says of an API key. An absent member changes nothing. null removes an expiry, the list of
// routes or a quota. The members are raw JSON because other types do not distinguish absent from null.
type keySettings struct {
	Name         jsontext.Value `json:"name"`
	ExpiresAt    jsontext.Value `json:"expires_at"`
	Routes       jsontext.Value `json:"routes"`
	MonthlyQuota jsontext.Value `json:"monthly_quota"`
}

// edit reads the members. The error is an *invalidError.
func (k keySettings) edit() (out account.KeyEdit, err error) {
	if k.Name != nil {
		out.Name = new(string)
		if !readText(k.Name, out.Name) {
			return out, invalid("name", "The name of a key has to be a string.")
		}
	}
	if k.ExpiresAt != nil {
		if out.ExpiresAt, err = readExpiry(k.ExpiresAt); err != nil {
			return out, err
		}
	}
	if k.Routes != nil {
		out.Routes = new([]string)
		if json.Unmarshal(k.Routes, out.Routes) != nil || hasNull(k.Routes) {
			return out, invalid("routes", "The routes have to be a list of names, or null for every route.")
		}
	}
	if k.MonthlyQuota != nil {
		out.Quota, err = readQuota(k.MonthlyQuota)
	}
	return out, err
}

// readText reads a string.
func readText(value jsontext.Value, into *string) bool {
	return value.Kind() == jsontext.KindString && json.Unmarshal(value, into) == nil
}

// readExpiry reads an RFC 3339 time. null is the zero time.
func readExpiry(value jsontext.Value) (*time.Time, error) {
	if value.Kind() == jsontext.KindNull {
		return &time.Time{}, nil
	}
	var text string
	if readText(value, &text) {
		if at, err := time.Parse(time.RFC3339, text); err == nil && !at.IsZero() {
			return &at, nil
		}
	}
	return nil, invalid("expires_at", "The expiry has to be a time like 2027-01-31T15:00:00Z, or null for never.")
}

// hasNull reports whether a list has a null, which would be read as an empty name.
func hasNull(list jsontext.Value) bool {
	var all []jsontext.Value
	_ = json.Unmarshal(list, &all) // its form is checked elsewhere
	for _, one := range all {
		if one.Kind() == jsontext.KindNull {
			return true
		}
	}
	return false
}
