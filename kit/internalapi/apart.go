package internalapi

import (
	"errors"
	"slices"

	"tallygate/kit/token"
)

// errShared refuses one secret for two purposes.
var errShared = errors.New("INTERNAL_SECRET and the secrets of tokens (JWT_SECRET, JWT_OTHER_SECRETS) have a secret in common; " +
	"each needs random bytes of its own (openssl rand -hex 32 makes some)")

// KeepApart returns an error if the secrets of tokens and INTERNAL_SECRET have one in common. From then on neither of them takes
// a secret that the other holds: its Replace returns an error and the old values stay. Every service that verifies tokens has
// the secrets of tokens; with a common one it could read users' records and change usage, as a gateway does.
//
// It is called before the two are shared between goroutines. After that, their Replace is called by one goroutine.
func KeepApart(tokens *token.Keyring, internal *Bearer) error {
	internal.tokens = tokens
	return tokens.Restrict(func(secret string) error {
		if internal.holds(secret) {
			return errShared
		}
		return nil
	})
}

// holds reports whether a secret, or an entry of it if it looks like a list, is in force.
func (b *Bearer) holds(secret string) bool {
	for _, one := range append(token.SplitSecrets(secret), secret) {
		if header, err := derive(one); err == nil && slices.Contains(*b.current.Load(), header) {
			return true
		}
	}
	return false
}
