package main

import (
	"context"
	"errors"
	"time"

	"tallygate/auth-service/internal/secretfile"
	"tallygate/kit/env"
	"tallygate/kit/every"
	"tallygate/kit/follow"
	"tallygate/kit/ticket"
)

func secretsCommands() []command {
	return []command{
		{
			noun: "secrets", verb: "init", args: []string{"DIR"},
			help: "make the secrets that DIR does not hold yet. Unless TOKEN_ALG is HS256: also the key that signs\n" +
				"tokens, jwt_signing_key, and its public half, jwt_public_keys",
			run: initSecrets,
		},
		{
			noun: "secrets", verb: "share", args: []string{"FROM", "DIR"},
			help: "put each secret into a folder under DIR for the containers that need it: the one in FROM,\n" +
				"or else a new one. If SECRETS_DIR is set, FROM must hold all of them",
			run: shareSecrets,
		},
		{
			noun: "secrets", verb: "rotate", args: []string{"jwt|internal|signing|hs256", "DIR"}, flags: []string{"-force"},
			help: "replace the secret in DIR while the services run, as far as is possible now; signing is the private\n" +
				"key, and hs256 withdraws the JWT secret after a move to a private key",
			run: rotateSecret,
		},
	}
}

func initSecrets(_ context.Context, c call) error {
	r := env.NewReader(c.lookup)
	alg := readSigning(r).alg
	if err := r.Err(); err != nil {
		return err
	}
	return secretfile.Init(c.args[0], alg)
}

// shareSecrets runs before the services. If some run already, they have to know a new public key before it signs.
func shareSecrets(ctx context.Context, c call) error {
	r := env.NewReader(c.lookup)
	alg, settle, called := readSigning(r).alg, r.Duration("SECRETS_SETTLE", defaultSettle, 0), r.String("SECRETS_DIR", "")
	if err := r.Err(); err != nil {
		return err
	}
	published, err := secretfile.Share(c.args[0], called, c.args[1], alg)
	if err == nil && published && !every.Sleep(ctx, settle) {
		err = errors.New("interrupted")
	}
	return err
}

// keysKept is for longer than others may keep the gateway's list of public keys (60 seconds).
const keysKept = 65 * time.Second

// defaultSettle is twenty times as long as the services take to see a changed file.
const defaultSettle = 20 * follow.Interval

// internalLife is how long the old INTERNAL_SECRET is still accepted after the new one is in use. Tickets are sealed with
// it. Refresh tokens that are given a second time derive from it: those of tabs that refresh at once must not fail. Who lost
// a response meanwhile and comes later signs in again.
const internalLife = ticket.Life

func rotateSecret(ctx context.Context, c call) error {
	r := env.NewReader(c.lookup)
	life := map[string]time.Duration{
		secretfile.JWT:      r.Duration("JWT_TTL", 60*time.Minute, time.Second),
		secretfile.Internal: internalLife,
	}
	life[secretfile.Signing], life[secretfile.HS256] = life[secretfile.JWT], life[secretfile.JWT]
	settle := r.Duration("SECRETS_SETTLE", defaultSettle, 0)
	if err := r.Err(); err != nil {
		return err
	}
	_, force := c.flags["-force"]
	return secretfile.Rotation{
		Dir: c.args[1], Secret: c.args[0], Life: life[c.args[0]], Settle: settle, Kept: keysKept,
		Force: force, Out: c.out,
	}.Run(ctx)
}
