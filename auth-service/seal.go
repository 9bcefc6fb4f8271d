package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/kit/every"
)

const (
	// sealInterval is how soon a new INTERNAL_SECRET seals what the old one has sealed. A rotation takes several times as long.
	sealInterval = 5 * time.Second
	// sealAnyway is how often that is looked at when no secret has changed: another replica may have had an older secret.
	sealAnyway = 10 * time.Minute
)

// sealAgain moves the secrets of second factors to the newest key until ctx ends.
func sealAgain(ctx context.Context, accounts *account.Service, keys *account.FactorKeys, log *slog.Logger) {
	var sealedBy account.FactorKeyID
	var next time.Time
	var lostBefore int
	every.Do(ctx, sealInterval, func() {
		newest := keys.Newest()
		if newest == sealedBy && time.Now().Before(next) {
			return
		}
		lost, err := accounts.SealAgain(ctx)
		switch {
		case err == nil:
			sealedBy, next = newest, time.Now().Add(sealAnyway)
		case ctx.Err() == nil && !errors.Is(err, fault.ErrUnavailable): // an outage is logged elsewhere
			log.WarnContext(ctx, "second factors not sealed again", "error", err)
		}
		if err == nil && lost != lostBefore {
			log.ErrorContext(ctx, "second factors that INTERNAL_SECRET does not open: their users need a recovery code", "users", lost)
			lostBefore = lost
		}
	})
}
