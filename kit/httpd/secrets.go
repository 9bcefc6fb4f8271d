package httpd

import (
	"context"
	"log/slog"

	"tallygate/kit/env"
	"tallygate/kit/token"
)

// WatchSecrets re-reads the JWT secrets when their files change and on SIGHUP, until ctx ends, and puts them in force.
// A set that does not pass leaves the old one in force, and is logged.
func (s *Settings) WatchSecrets(ctx context.Context, ring *token.Keyring, log *slog.Logger) {
	env.Watch(ctx, env.WatchInterval, func() {
		if err := ring.Replace(s.JWTSecret.Value(), token.SplitSecrets(s.JWTOtherSecrets.Value())); err != nil {
			log.Error("the new secrets are not used", "error", err)
			return
		}
		log.Info("new secrets in force", "kid", token.KeyID(s.JWTSecret.Value()))
	}, func(err error) { log.Error("a secret cannot be read again", "error", err) }, s.JWTSecret, s.JWTOtherSecrets)
}
