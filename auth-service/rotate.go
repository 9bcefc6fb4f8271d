package main

import (
	"context"
	"log/slog"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/env"
	"tallygate/kit/token"
)

// watchSecrets puts changed secret files in force until ctx ends. A state that is not good, as between the replacement
// of two files, changes nothing.
func watchSecrets(ctx context.Context, cfg config, sign *issuer.Issuer, log *slog.Logger) {
	changed := func() {
		others := token.SplitSecrets(cfg.JWTOtherSecrets.Value())
		if err := cfg.keyring.Replace(cfg.JWTSecret.Value(), others); err != nil {
			log.ErrorContext(ctx, "secrets stay as they were", "error", err)
			return
		}
		sign.Replace(cfg.JWTSecret.Value()) // after the keyring: what is signed is verified here from the first moment
		internal := cfg.internalSecret.Value()
		if err := cfg.bearer.Replace(internal); err != nil {
			log.ErrorContext(ctx, "secrets stay as they were", "error", err)
			return
		}
		if err := cfg.refreshKeys.Replace(token.SplitSecrets(internal)); err != nil {
			log.ErrorContext(ctx, "secrets stay as they were", "error", err)
			return
		}
		log.InfoContext(ctx, "secrets replaced", "key_id", token.KeyID(cfg.JWTSecret.Value()), "other_keys", len(others))
	}
	failed := func(err error) { log.ErrorContext(ctx, "secrets stay as they were", "error", err) }
	env.Watch(ctx, env.WatchInterval, changed, failed, cfg.JWTSecret, cfg.JWTOtherSecrets, cfg.internalSecret)
}
