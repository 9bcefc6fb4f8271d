package main

import (
	"context"
	"time"

	"tallygate/auth-service/internal/secretfile"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/ticket"
)

func secretsCommands() []command {
	return []command{
		{
			noun: "secrets", verb: "init", args: []string{"DIR"},
			help: "make the secrets that DIR does not hold yet",
			run:  func(_ context.Context, c call) error { return secretfile.Init(c.args[0]) },
		},
		{
			noun: "secrets", verb: "share", args: []string{"FROM", "DIR"},
			help: "put each secret into a folder under DIR for the containers that need it: the one in FROM,\n" +
				"or else a new one. If SECRETS_DIR is set, FROM must hold all of them",
			run: shareSecrets,
		},
		{
			noun: "secrets", verb: "rotate", args: []string{"jwt|internal", "DIR"}, flags: []string{"-force"},
			help: "replace the secret in DIR while the services run, as far as is possible now",
			run:  rotateSecret,
		},
	}
}

func shareSecrets(_ context.Context, c call) error {
	called, _ := c.lookup("SECRETS_DIR")
	return secretfile.Share(c.args[0], called, c.args[1])
}

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
	settle := r.Duration("SECRETS_SETTLE", defaultSettle, 0)
	if err := r.Err(); err != nil {
		return err
	}
	_, force := c.flags["-force"]
	return secretfile.Rotation{
		Dir: c.args[1], Secret: c.args[0], Life: life[c.args[0]], Settle: settle,
		Force: force, Out: c.out,
	}.Run(ctx)
}
