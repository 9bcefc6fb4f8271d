package main

import (
	"fmt"
	"slices"

	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/token"
	"tallygate/kit/turn"
)

// askersApart returns an error if the credential of services that ask about tokens is one of the other secrets. Those
// services could then make tokens, or do what a gateway does.
func (c *config) askersApart() error {
	asking := token.SplitSecrets(c.askers.Value())
	for _, other := range []*env.Secret{c.JWTSecret, c.JWTOtherSecrets, c.internalSecret} {
		for _, secret := range append(token.SplitSecrets(other.Value()), other.Value()) {
			if slices.Contains(asking, secret) {
				return fmt.Errorf("INTROSPECTION_SECRET: it has a secret in common with %s; each needs random bytes of its own "+
					"(openssl rand -hex 32 makes some)", other.Name())
			}
		}
	}
	return nil
}

// askingSecret follows the file of INTROSPECTION_SECRET.
func (k keys) askingSecret(cfg *config) follow.Source {
	return env.SecretFiles(func() error {
		if err := cfg.askersApart(); err != nil {
			return err
		}
		return k.askers.Replace(cfg.askers.Value())
	}, cfg.askers)
}

// waitingQuestions is how many questions about tokens wait for their turn; more are refused.
const waitingQuestions = 128

// newAsks lets questions about tokens have a quarter of the database's connections.
func newAsks(cfg databaseConfig) *turn.Line {
	return turn.NewLine(max(1, cfg.maxConns/4), waitingQuestions)
}
