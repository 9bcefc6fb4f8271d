package account

import (
	"context"
	"time"
)

// How long things are kept after their last use.
const (
	// knownAddressLife is how long an address stays known after the last sign-in at it.
	knownAddressLife = 90 * 24 * time.Hour
	// changeLife is how long the change of a user is remembered. A gateway that was away longer forgets its records.
	changeLife = 7 * 24 * time.Hour
	// erasedLife is how long it is remembered who was erased, for back-ups from before.
	erasedLife = 400 * 24 * time.Hour
)

// Expiry says what to remove: everything that was last used, ended or changed before these times.
type Expiry struct {
	Now            time.Time
	SessionsEnded  time.Time // ended, or past their longest life
	SessionsIdle   time.Time
	KnownAddresses time.Time
	Changes        time.Time
	Invitations    time.Time // used, withdrawn or expired
	Erased         time.Time // what is remembered about erasures
}

// Sweep removes what is no longer needed. Any replica may do it at any time.
func (s *Service) Sweep(ctx context.Context) error {
	now, life := s.now(), s.cfg.Lifetimes
	return s.cfg.Store.Sweep(ctx, Expiry{
		Now:            now,
		SessionsEnded:  now.Add(-life.Ended()), // until then records name them
		SessionsIdle:   now.Add(-life.SessionIdle - life.Ended()),
		KnownAddresses: now.Add(-knownAddressLife),
		Changes:        now.Add(-max(changeLife, 2*life.Access)),
		Invitations:    now.Add(-invitationsKept),
		Erased:         now.Add(-erasedLife),
	})
}
