package account

import (
	"context"
	"time"

	"tallygate/auth-service/internal/guess"
	"tallygate/kit/apikey"
)

// Store is what the domain needs of a database. Each method is one transaction: when it returns nil, what it did
// survives the death of every process. While the database is not available, every method returns fault.ErrUnavailable.
// Methods that change a user or a session return fault.ErrCrowded when too many of the user's calls do so at once.
// Functions that a method gets run inside the transaction, possibly more than once. Their errors are returned unchanged.
type Store interface {
	FactorStore

	// UserByName finds a user; ErrNoUser.
	UserByName(ctx context.Context, name string) (User, error)
	// UserByID finds a user; ErrNoUser.
	UserByID(ctx context.Context, id int64) (User, error)
	// UserByReset finds the user whose reset token has that hash, whether it is valid or not; ErrNoUser.
	UserByReset(ctx context.Context, hash ResetHash) (User, error)
	// UserWithSession finds a user and one of their sessions; ErrNoUser, ErrNoSession.
	UserWithSession(ctx context.Context, userID int64, sessionID string) (User, Session, error)
	// Users returns users who are searched for and follow the name after, in the order of names.
	Users(ctx context.Context, search UserSearch, after string, limit int) ([]User, error)
	// Presences returns the presence of each of some users. The sessions that count live now and were used after usedAfter.
	Presences(ctx context.Context, userIDs []int64, now, usedAfter time.Time) (map[int64]Presence, error)
	// InsertUser adds a user with a new id, and uses up the user's invitation; ErrNameTaken, ErrNoPlan, ErrNotInvited if the
	// invitation is not open.
	InsertUser(ctx context.Context, u NewUser) (User, error)
	// InsertUsers adds those of users whose names are free, each with a new id, and returns how many; ErrNoPlan.
	InsertUsers(ctx context.Context, users []NewUser) (added int, err error)
	// ReplacePasswordHash stores another hash of the same password, unless the password has changed since.
	ReplacePasswordHash(ctx context.Context, userID int64, from, to string) error
	// UpdateUser changes a user as update decides, while nobody else can change them; ErrNoUser, ErrNoPlan. The change gets
	// the next number of the feed. UpdateUser returns the user as they are afterwards.
	UpdateUser(ctx context.Context, userID int64, at time.Time, update func(User) (Change, error)) (User, error)
	// PutPlan makes a plan or replaces its limits; ErrTooManyPlans. The change gets the next number of the feed, which is the
	// plan's version. It returns the plan as it is afterwards. check gets the plan before, or nil, while nobody else can
	// change it.
	PutPlan(ctx context.Context, p Plan, audit AuditEntry, check func(before *Plan) error) (put Plan, created bool, err error)
	// DeletePlan deletes a plan; ErrPlanNotFound, ErrPlanInUse. The deletion gets the next number of the feed. No user ends
	// with a plan that is gone, also if one, or an invitation, gets the plan at the same moment. check is that of PutPlan.
	DeletePlan(ctx context.Context, name PlanName, audit AuditEntry, check func(before *Plan) error) error
	// PlanByName finds a plan; ErrPlanNotFound.
	PlanByName(ctx context.Context, name PlanName) (Plan, error)
	// Plans returns plans whose names follow the name after, in the order of names.
	Plans(ctx context.Context, after string, limit int) ([]Plan, error)
	// PlansOf returns the plans with some names. For a name without a plan it returns nothing.
	PlansOf(ctx context.Context, names []string) ([]Plan, error)
	// PlanOf returns the plan of a user; the default one if there is no such user.
	PlanOf(ctx context.Context, userID int64) (Plan, error)
	// Audit returns entries, the newest first.
	Audit(ctx context.Context, q AuditQuery) ([]AuditEntry, error)

	// InsertInvitation adds an invitation; ErrNoPlan, ErrTooManyInvitations.
	InsertInvitation(ctx context.Context, i NewInvitation) error
	// InvitationByHash finds an invitation, whatever its state, without the names of persons; ErrNoInvitation.
	InvitationByHash(ctx context.Context, hash InvitationHash) (Invitation, error)
	// Invitations returns invitations after that place, the newest first. The zero place is before the first.
	Invitations(ctx context.Context, after InvitationPlace, limit int) ([]Invitation, error)
	// WithdrawInvitation withdraws an invitation; ErrNoInvitation, also if it was withdrawn before, ErrInvitationUsed.
	WithdrawInvitation(ctx context.Context, id int64, at time.Time, audit AuditEntry) error

	// StartSession adds a session and settles the attempt that led to it; ErrStale if the user's generation is not the one
	// in s. The address becomes a known one. If the user has more than s.Keep sessions, it removes the least recently used
	// ones. It returns the user as they are at that moment.
	StartSession(ctx context.Context, s NewSession) (User, error)
	// UserOfSession finds a session and its user, and locks nothing; ErrNoSession. shown: whoever calls has shown a secret
	// of the session. All others wait together.
	UserOfSession(ctx context.Context, sessionID string, shown bool) (User, Session, error)
	// UpdateSession changes a session while nobody else can change the session or its user; ErrNoSession. If that ended the
	// session, the change gets the next number of the feed, and the list of the user's ended sessions is kept within its
	// bounds.
	UpdateSession(ctx context.Context, c SessionChange) error
	// EndOtherSessions ends the sessions of a user but one; ErrNoUser. If there were any, it does for them what UpdateSession does
	// for one that ends.
	EndOtherSessions(ctx context.Context, e OthersEnd) error
	// SessionOf finds a session of a user, for a gateway; ErrNoSession.
	SessionOf(ctx context.Context, userID int64, sessionID string) (Session, error)
	// MarkUsed records that the live refresh token of a session was used. It does nothing if another one lives by now.
	MarkUsed(ctx context.Context, sessionID string, live RefreshHash) error
	// Sessions returns the sessions of a user that live now and were used after usedAfter, the last used first.
	Sessions(ctx context.Context, userID int64, now, usedAfter time.Time, limit int) ([]Session, error)

	// Keys returns the API keys of a user, the oldest first.
	Keys(ctx context.Context, userID int64) ([]APIKey, error)
	// UserWithKey finds a user and one of their API keys; ErrNoUser, ErrNoKey.
	UserWithKey(ctx context.Context, userID, keyID int64) (User, APIKey, error)
	// KeyOwner finds, for a gateway, whose API key has or had this hash; ErrNoKey.
	KeyOwner(ctx context.Context, hash apikey.Digest) (userID int64, err error)
	// UpdateKeys changes the API keys of a user, while nobody else can change the user or the keys; ErrNoUser. The change gets
	// the next number of the feed.
	UpdateKeys(ctx context.Context, c KeysChange) error

	// Records returns one record for each id, in that order. A session counts as ended for endedLife after its end.
	// A record may be newer than its version says, never older.
	Records(ctx context.Context, userIDs []int64, endedLife time.Duration, now time.Time) ([]Record, error)
	// ChangeCounter returns how far the changes have come.
	ChangeCounter(ctx context.Context) (ChangeCounter, error)
	// ChangesAfter returns the last change of each user and each plan that changed after that number, in the order of numbers.
	ChangesAfter(ctx context.Context, number int64, limit int) ([]Noted, error)
	// PlansNamed returns plans for a gateway: all of them if names is nil. For a name without a plan it returns nothing.
	PlansNamed(ctx context.Context, names []string) ([]Plan, error)

	// Erased returns the users who were deleted, by id, with ids above after.
	Erased(ctx context.Context, after int64, limit int) ([]ErasedUser, error)

	// Sweep removes what is no longer needed, and what was erased from where it could not be removed at once.
	Sweep(ctx context.Context, e Expiry) error
}

// NewUser is a user to add.
type NewUser struct {
	Name         string
	PasswordHash string
	Role         Role
	MonthlyQuota *int64
	Plan         PlanName
	Roles        Roles
	CreatedAt    time.Time
	Invitation   *InvitationHash // the one that lets them in; nil for none. Only InsertUser knows it
	Audit        *AuditEntry     // the entry of the audit log, without the id; nil for none

	MustChangePassword bool
	Reset              Reset
}

// Change is what happens to a user.
type Change struct {
	User        User        // as they are afterwards
	EndSessions bool        // all of them, so that no refresh token is accepted any more
	Delete      bool        // the user, and all that is known about the person
	Audit       *AuditEntry // the entry of the audit log; nil for none
	Forgive     guess.Key   // the guess.NameKey of the name whose failed guesses are forgotten; zero for none
}

// NewSession is a session to add.
type NewSession struct {
	Session
	Keep         int    // how many sessions the user keeps, this one included
	Generation   int64  // of the user whose password was verified
	KnownAddress string // guess.Network of where they are
	Guess        guess.Update
	// Prove takes the one-time code of a user whose TOTP is on; nil if it is off. If the user is of the other kind by now, the
	// error is ErrStale.
	Prove func(User, Factor) (FactorChange, error)
	// Change, if not nil, changes the user before the session starts, and after the code.
	Change func(User) (Change, error)
}

// SessionChange is a change of a session.
type SessionChange struct {
	UserID    int64 // whose session it is
	SessionID string
	// Ends: the change is to end the session. Such changes come before others of the user.
	Ends      bool
	EndedList EndedList
	Update    func(User, Session) Session // returns the session as it is to be
}

// OthersEnd is the end of all sessions of a user but one.
type OthersEnd struct {
	UserID    int64
	Keep      string           // the id of the session that goes on
	Now       func() time.Time // called when nobody can refresh any more, so that no token of those sessions is newer
	EndedList EndedList
}

// KeysChange is a change of a user's API keys.
type KeysChange struct {
	UserID int64
	At     time.Time
	// Ends: the change is to revoke a key. Such changes come before others of the user.
	Ends   bool
	Update func(User, []APIKey) (KeyChange, error) // gets all keys of the user
}

// KeyChange is what happens to the keys. The zero value changes nothing.
type KeyChange struct {
	Added    *APIKey
	Replaced *APIKey
	Revoked  int64       // the id of a key
	Audit    *AuditEntry // the entry of the audit log; nil for none
}

// ChangeCounter is how far the changes of users and plans have come.
type ChangeCounter struct {
	Last   int64 // the number of the last change
	Pruned int64 // changes up to this number may have been forgotten
	// Epoch is the stretch of the database's history. Another one than before means that users, sessions and changes of
	// before may be lost. It rises.
	Epoch int64
}

// Noted is the last change of a user or of a plan, and its number.
type Noted struct {
	Number int64
	UserID int64  // 0: the change is of a plan
	Plan   string // the plan's name
}
