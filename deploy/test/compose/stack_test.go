//go:build e2e

package compose_test

import (
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/stack"
)

// product is the stack that is shipped, with the steps of these tests.
type product struct{ *stack.Stack }

func newProduct(t *testing.T, compose ...string) *product {
	t.Helper()
	return &product{stack.New(t, stack.Config{Version: "e2e", Compose: compose})}
}

// signedIn registers a user and returns a client and the user's token.
func (s *product) signedIn(t *testing.T, name string) (client *contract.Client, token string) {
	t.Helper()
	client = contract.NewClient(s.Base)
	who := contract.Credentials{Username: name, Password: "123456"}
	if got, err := client.Register(who); err != nil || got.Status/100 != 2 {
		t.Fatalf("register %s: got %d %s (%v)", name, got.Status, got.Body, err)
	}
	return client, client.Token(t, who)
}
