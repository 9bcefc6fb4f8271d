package account

import (
	"errors"
	"fmt"

	"tallygate/auth-service/internal/guess"
)

// What can happen. The table in package httpapi turns these into problems.
var (
	// ErrWrongCredentials means that the name or the password is wrong, or that the account is disabled. Clients must not
	// learn which.
	ErrWrongCredentials = errors.New("wrong user name or password")
	// ErrNoUser means that there is no such user.
	ErrNoUser = errors.New("no such user")
	// ErrNoPlan means that a user was to get a plan that does not exist.
	ErrNoPlan = errors.New("no such plan for a user")
	// ErrPlanNotFound means that there is no plan of this name to read or delete.
	ErrPlanNotFound = errors.New("no such plan")
	// ErrChangedMeanwhile means that the precondition of a change does not hold: somebody has changed what was to be changed.
	ErrChangedMeanwhile = errors.New("changed meanwhile")
	// ErrPlanInUse means that somebody has the plan, or will get it by an open invitation.
	ErrPlanInUse = errors.New("plan is in use")
	// ErrDefaultPlan means that the plan of all others cannot be deleted.
	ErrDefaultPlan = errors.New("the default plan cannot be deleted")
	// ErrTooManyPlans means that there are MaxPlans already, or that they have too many rates together.
	ErrTooManyPlans = errors.New("too many plans")
	// ErrNameTaken means that another user has the name.
	ErrNameTaken = errors.New("user name is taken")
	// ErrRegistrationClosed means that nobody may register.
	ErrRegistrationClosed = errors.New("registration is closed")
	// ErrNotInvited means that whoever wants to register has no invitation that is good for that name.
	ErrNotInvited = errors.New("no valid invitation")
	// ErrNoInvitation means that there is no such invitation, or that it was withdrawn.
	ErrNoInvitation = errors.New("no such invitation")
	// ErrInvitationUsed means that an invitation was used and cannot be withdrawn any more.
	ErrInvitationUsed = errors.New("invitation was used")
	// ErrTooManyInvitations means that MaxOpenInvitations are open.
	ErrTooManyInvitations = errors.New("too many open invitations")
	// ErrNoSession means that the user has no such session, or that it has ended.
	ErrNoSession = errors.New("no such session")
	// ErrRefused means that an access or refresh token is not valid, or no longer.
	ErrRefused = errors.New("token is refused")
	// ErrReused is an ErrRefused: a spent refresh token was presented again, and its session has been ended.
	ErrReused = fmt.Errorf("%w: it was spent before", ErrRefused)
	// ErrResetNotValid means that a reset token is unknown, used, superseded or expired, or that its user is disabled or gone.
	// Clients must not learn which.
	ErrResetNotValid = errors.New("reset token is not valid")
	// ErrMustChange means that the password is right, and that the sign-in has to bring a new one.
	ErrMustChange = errors.New("password must be changed")
	// ErrNotAdmin means that the caller's role does not allow it.
	ErrNotAdmin = errors.New("caller is not an administrator")
	// ErrKeyNotAllowed means that the call needs a sign-in, and came with an API key or the token of one.
	ErrKeyNotAllowed = errors.New("API keys may not do this")
	// ErrOwnAccount means that administrators may not do this to themselves.
	ErrOwnAccount = errors.New("administrators cannot do this to their own account")
	// ErrCodeRequired means that the password was right and a one-time code is needed besides.
	ErrCodeRequired = errors.New("a one-time code is required")
	// ErrWrongCode means that a one-time code is wrong or was used before.
	ErrWrongCode = fmt.Errorf("one-time code: %w", guess.ErrWrong)
	// ErrFactorLost means that no key opens the secret of the user's second factor. Recovery codes still work.
	ErrFactorLost = errors.New("the key of the second factor is lost")
	// ErrNotBegun means that the user has no pending second factor to confirm, or no longer.
	ErrNotBegun = errors.New("no second factor is being set up")
	// ErrNoFactor means that the user's second factor is off.
	ErrNoFactor = errors.New("the second factor is off")
	// ErrFactorRequired means that the user must keep their second factor.
	ErrFactorRequired = errors.New("administrators need a second factor")
	// ErrSetupRequired means that the caller is an administrator who has to set up a second factor first.
	ErrSetupRequired = errors.New("a second factor has to be set up first")
	// ErrStale means that the account changed between reading and writing. Store methods that take a generation return it.
	ErrStale = errors.New("account changed meanwhile")
)
