package account

import (
	"context"
	"time"

	"tallygate/auth-service/internal/guess"
)

// FactorStore is what the domain needs of a database for second factors. What Store says of errors and functions holds here.
type FactorStore interface {
	// UpdateFactor changes a user's second factor as u.Update decides, while nobody else can change the user or the factor, and
	// settles the attempt that led to it; ErrNoUser. It returns the user as they are afterwards. If the user has changed, or
	// sessions have ended, the change gets the next number of the feed.
	UpdateFactor(ctx context.Context, u FactorUpdate) (User, error)
	// SealedFactors returns secrets in force that are not sealed by the key, of users after the given id, in the order of ids.
	SealedFactors(ctx context.Context, notBy FactorKeyID, after int64, limit int) ([]SealedFactor, error)
	// ReplaceSealed stores the same secret sealed in another way, unless it has changed since.
	ReplaceSealed(ctx context.Context, from SealedFactor, to []byte) error
}

// FactorUpdate is a change of a second factor.
type FactorUpdate struct {
	UserID    int64
	At        time.Time
	Guess     guess.Update
	EndedList EndedList
	Update    func(User, Factor) (FactorChange, error)
}

// FactorChange is what happens to a second factor and its user.
type FactorChange struct {
	User   User // as they are afterwards
	Factor Factor
	// KeepSession, if not empty, is the one session that lives on. All others end.
	KeepSession string
	Audit       []AuditEntry // the entries of the audit log, without ids
}

// SealedFactor is one user's sealed secret.
type SealedFactor struct {
	UserID int64
	Sealed []byte
}
