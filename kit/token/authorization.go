package token

import "strings"

// FromAuthorization returns the token in the values of a request's Authorization fields. It accepts two forms: the bare
// token, which clients of the first contract send, and "Bearer" 1*SP token (RFC 6750 section 2.1), the scheme in any
// case. No field, or an empty one, is ErrMissing. Several fields and every other form are ErrInvalid.
func FromAuthorization(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", ErrMissing
	case 1:
	default:
		return "", ErrInvalid
	}
	value := values[0]
	if value == "" {
		return "", ErrMissing
	}
	value = WithoutScheme(value)
	if value == "" || len(value) > MaxBytes || strings.ContainsAny(value, " \t,") {
		return "", ErrInvalid
	}
	return value, nil
}

// WithoutScheme returns what stands in the place of the token, in both forms that FromAuthorization accepts. It checks
// nothing, and is for looking the token up among verified ones.
func WithoutScheme(value string) string {
	const scheme = "bearer "
	if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		return strings.TrimLeft(value[len(scheme):], " ")
	}
	return value
}
