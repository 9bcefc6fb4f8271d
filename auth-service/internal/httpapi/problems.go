package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/password"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

// How long clients are asked to wait.
const (
	retryUnavailable = 2 * time.Second
	retryBusy        = 2 * time.Second
	retryCrowded     = time.Second
)

// problem turns an error into a response, and logs what the operator has to know. The table below only translates.
func (s *server) problem(err error) *problem.Details {
	switch {
	case errors.Is(err, fault.ErrUnavailable):
		s.Log.Warn("database is not available", "error", err)
	case errors.Is(err, password.ErrTooLarge):
		s.Log.Error("a password cannot be verified; raise the memory limit", "error", err)
	}
	return problems(err)
}

// problems is the table of errors and their problems. It returns nil for an error that it does not know.
func problems(err error) *problem.Details {
	if wrong, ok := errors.AsType[*fault.InvalidError](err); ok {
		return invalidField(wrong.Field, wrong.Reason)
	}
	if wrong, ok := errors.AsType[*invalidError](err); ok {
		return invalidField(wrong.field, wrong.reason)
	}
	if p := keyProblem(err); p != nil {
		return p
	}
	if throttled, ok := errors.AsType[*guess.ThrottledError](err); ok {
		policy := problem.Policy{Name: throttled.Policy.Name, Quota: int64(throttled.Policy.Free), Window: throttled.Policy.Window}
		return problem.TooMany("too-many-tries", "Too many tries from here; wait before the next one.", policy, throttled.RetryAfter)
	}
	if p := factorProblem(err); p != nil {
		return p
	}
	switch {
	case errors.Is(err, fault.ErrBusy):
		return problem.New(http.StatusServiceUnavailable, "busy", "The service is busy; try again soon.").RetryAfter(retryBusy)
	case errors.Is(err, fault.ErrCrowded):
		return problem.TooMany("too-many-at-once", "This account makes too many calls at once; wait before the next one.",
			problem.Policy{Name: "at-once", Quota: fault.CrowdedPast, Window: time.Second}, retryCrowded)
	case errors.Is(err, fault.ErrUnavailable):
		return problem.Unavailable("The service cannot reach its database; try again soon.", retryUnavailable)
	case errors.Is(err, password.ErrBusy), errors.Is(err, guess.ErrTooManyAtOnce):
		return problem.Unavailable("The service is checking too many passwords; try again soon.", retryBusy)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // the client is gone: nobody reads this
		return problem.Unavailable("The request was cancelled.", retryUnavailable)
	case errors.Is(err, account.ErrWrongCredentials):
		return problem.New(http.StatusUnauthorized, "wrong-credentials", "The user name or the password is wrong.").
			With("WWW-Authenticate", "Bearer")
	case errors.Is(err, account.ErrRefused):
		return problem.TokenRefused(token.ErrInvalid)
	case errors.Is(err, account.ErrNotAdmin):
		return problem.New(http.StatusForbidden, "not-admin", "Only administrators may do this.")
	case errors.Is(err, account.ErrOwnAccount):
		return problem.New(http.StatusConflict, "own-account", "Administrators cannot do this to their own account.")
	case errors.Is(err, account.ErrNoPlan):
		return invalidField("plan", "There is no such plan.")
	case errors.Is(err, account.ErrPlanNotFound):
		return problem.New(http.StatusNotFound, "no-such-plan", "There is no such plan.")
	case errors.Is(err, account.ErrChangedMeanwhile):
		return problem.New(http.StatusPreconditionFailed, "changed-meanwhile",
			"Somebody has changed this meanwhile: it is not as If-Match or If-None-Match says. Nothing was done; read it again.")
	case errors.Is(err, account.ErrPlanInUse):
		return problem.New(http.StatusConflict, "plan-in-use",
			"A user or an open invitation has this plan; give the user another one, or withdraw the invitation, first.")
	case errors.Is(err, account.ErrDefaultPlan):
		return problem.New(http.StatusConflict, "default-plan", "The plan default is everybody's who has no other: it cannot be deleted.")
	case errors.Is(err, account.ErrTooManyPlans):
		return problem.New(http.StatusConflict, "too-many-plans", "There are 10,000 plans already, or they have too many rates together.")
	case errors.Is(err, account.ErrNoUser):
		return problem.New(http.StatusNotFound, "no-such-user", "There is no such user.")
	case errors.Is(err, account.ErrNoSession):
		return problem.New(http.StatusNotFound, "no-such-session", "You have no such session.")
	case errors.Is(err, ledger.ErrStaleLease):
		return problem.New(http.StatusConflict, "stale-lease", "A later request of this lease was answered already.")
	case errors.Is(err, account.ErrCursorGone):
		return cursorGone()
	}
	return waysInProblems(err)
}

// waysInProblems is the part of the table about who may come in, and about the way back.
func waysInProblems(err error) *problem.Details {
	switch {
	case errors.Is(err, account.ErrMustChange):
		return problem.New(http.StatusForbidden, "password-change-required",
			"The password is right and must be changed: send it again, with another one as new_password beside it.")
	case errors.Is(err, account.ErrResetNotValid):
		return problem.New(http.StatusForbidden, "reset-not-valid",
			"This reset token is used, replaced by a newer one, expired or wrong; ask an administrator for another one.")
	case errors.Is(err, account.ErrNameTaken):
		return problem.New(http.StatusConflict, "name-taken", "Another user has this name.")
	case errors.Is(err, account.ErrRegistrationClosed):
		return problem.New(http.StatusForbidden, "registration-closed", "Registration is closed here. Ask an administrator for an account.")
	case errors.Is(err, account.ErrNotInvited):
		return problem.New(http.StatusForbidden, "invitation-not-valid",
			"There is no valid invitation for this user name. An invitation can be used once, and has an end. Ask an administrator for one.")
	case errors.Is(err, account.ErrNoInvitation):
		return problem.New(http.StatusNotFound, "no-such-invitation", "There is no such invitation.")
	case errors.Is(err, account.ErrInvitationUsed):
		return problem.New(http.StatusConflict, "invitation-used", "Somebody has registered with this invitation. Disable or delete the user instead.")
	case errors.Is(err, account.ErrTooManyInvitations):
		return problem.New(http.StatusConflict, "too-many-invitations",
			fmt.Sprintf("%d invitations are open already. Withdraw some, or wait until they expire.", account.MaxOpenInvitations))
	}
	return nil
}

// keyProblem is the part of the table about API keys.
func keyProblem(err error) *problem.Details {
	if full, ok := errors.AsType[*account.KeysFullError](err); ok {
		return problem.New(http.StatusConflict, "too-many-keys",
			fmt.Sprintf("You have %d API keys, and cannot have more; revoke one first.", full.Most))
	}
	switch {
	case errors.Is(err, account.ErrNoKey):
		return problem.New(http.StatusNotFound, "no-such-key", "There is no such API key.")
	case errors.Is(err, account.ErrKeyNotAllowed):
		return problem.New(http.StatusForbidden, "key-not-allowed", "An API key cannot do this; sign in with the password.")
	}
	return nil
}

// factorProblem is the part of the table about second factors.
func factorProblem(err error) *problem.Details {
	unauthorized := func(slug, detail string) *problem.Details {
		return problem.New(http.StatusUnauthorized, slug, detail).With("WWW-Authenticate", "Bearer")
	}
	switch {
	case errors.Is(err, account.ErrCodeRequired):
		return unauthorized("otp-required", "This account has a second factor; send the code of the app, or a recovery code, as otp.")
	case errors.Is(err, account.ErrWrongCode):
		return unauthorized("otp-not-valid", "The one-time code is wrong or was used before; wait for the next one.")
	case errors.Is(err, account.ErrFactorLost):
		return unauthorized("otp-key-lost", "Codes of the app cannot be checked any more; send a recovery code, or ask an administrator to turn the second factor off.")
	case errors.Is(err, account.ErrSetupRequired):
		return problem.New(http.StatusForbidden, "otp-setup-required", "Administrators need a second factor here; set it up with POST /users/me/totp.")
	case errors.Is(err, account.ErrFactorRequired):
		return problem.New(http.StatusForbidden, "otp-mandatory", "Administrators need a second factor here; it can be replaced, not turned off.")
	case errors.Is(err, account.ErrNoFactor):
		return problem.New(http.StatusNotFound, "no-totp", "The second factor of this account is off.")
	case errors.Is(err, account.ErrNotBegun):
		return problem.New(http.StatusConflict, "totp-not-begun", "There is no secret to confirm, or it is more than an hour old; get one with POST /users/me/totp.")
	}
	return nil
}

func invalidField(name, reason string) *problem.Details {
	return problem.New(http.StatusUnprocessableEntity, "invalid-"+name, reason)
}
