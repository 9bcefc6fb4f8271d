package account

import (
	"context"
	"errors"
	"fmt"

	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/totp"
)

// What stands in the audit log about second factors.
const (
	auditFactorOn      = "totp-on"
	auditFactorOff     = "totp-off"
	auditRecoveryCodes = "totp-recovery-codes" // new ones were made
	auditRecoveryUsed  = "totp-recovery-used"
)

// RoleInForce is the role that a user may use now. An administrator who has to have a second factor and has none is an
// ordinary user until they have one.
func (s *Service) RoleInForce(role Role, hasTOTP bool) Role {
	if s.factorRequired(role) && !hasTOTP {
		return RoleNone
	}
	return role
}

func (s *Service) factorRequired(role Role) bool { return s.cfg.AdminTOTP && role == RoleAdmin }

// Confirmation is what a user shows of themselves once more: the password, and a code if their second factor is on.
type Confirmation struct {
	Password string
	Code     string // of the app, or a recovery code
}

// BeginFactor makes a secret for the caller, which is not in force before ConfirmFactor. If a second factor is on, it stays in
// force until then. Errors: *fault.InvalidError, ErrWrongCredentials, ErrCodeRequired, ErrWrongCode, ErrFactorLost, ErrRefused,
// *guess.ThrottledError, guess.ErrTooManyAtOnce, password.ErrBusy, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) BeginFactor(ctx context.Context, who Caller, c Confirmation, from Origin) (totp.Secret, error) {
	secret, err := totp.NewSecret(s.cfg.Random)
	if err != nil {
		return secret, err
	}
	sealed, err := s.cfg.FactorKeys.seal(who.User.ID, secret, s.cfg.Random)
	if err != nil {
		return secret, err
	}
	return secret, s.changeFactor(ctx, who, c, from, func(change FactorChange) (FactorChange, error) {
		change.Factor.Pending, change.Factor.PendingAt = sealed, s.now()
		return change, nil
	})
}

// ConfirmFactor puts the caller's pending secret in force if the code is one of it, and returns new recovery codes. All other
// sessions of the user end: they have seen no second factor, and would have the rights of one that has. Errors:
// ErrNotBegun, ErrWrongCode, and those of BeginFactor.
func (s *Service) ConfirmFactor(ctx context.Context, who Caller, code string, from Origin) ([]string, error) {
	codes, hashes, err := newRecovery(who.User.ID, s.cfg.Random)
	if err != nil {
		return nil, err
	}
	place := s.place(password.Change, from)
	defer place.Leave()
	scope := guess.Scope{Name: who.User.Name, Address: from.Address}
	attempt, err := s.cfg.Guesses.SignIn(ctx, scope, place)
	if err != nil {
		return nil, err
	}
	err = s.finishFactor(ctx, attempt, who.User, true, from, func(u User, f Factor) (FactorChange, error) {
		if len(f.Pending) == 0 || !s.now().Before(f.PendingAt.Add(pendingLife)) {
			return FactorChange{}, ErrNotBegun
		}
		secret, err := s.cfg.FactorKeys.open(u.ID, f.Pending)
		if err != nil {
			return FactorChange{}, ErrNotBegun // the key is gone: the user begins anew
		}
		step, ok := secret.Match(cleanCode(code), s.now(), 0)
		if !ok {
			return FactorChange{}, ErrWrongCode
		}
		u.TOTP = true
		return FactorChange{
			User: u, Factor: Factor{Sealed: f.Pending, LastStep: step, Recovery: hashes}, KeepSession: who.SessionID,
			Audit: []AuditEntry{s.factorEntry(auditFactorOn, own(u, from), u, "")},
		}, nil
	})
	return codes, err
}

// ReplaceRecovery makes new recovery codes for the caller. The old ones are no longer valid. Errors: ErrNoFactor, those of
// BeginFactor.
func (s *Service) ReplaceRecovery(ctx context.Context, who Caller, c Confirmation, from Origin) ([]string, error) {
	if !who.User.TOTP {
		return nil, ErrNoFactor
	}
	codes, hashes, err := newRecovery(who.User.ID, s.cfg.Random)
	if err != nil {
		return nil, err
	}
	return codes, s.changeFactor(ctx, who, c, from, func(change FactorChange) (FactorChange, error) {
		if !change.User.TOTP {
			return change, ErrNoFactor
		}
		change.Factor.Recovery = hashes
		change.Audit = append(change.Audit, s.factorEntry(auditRecoveryCodes, own(change.User, from), change.User, ""))
		return change, nil
	})
}

// RemoveFactor turns the caller's second factor off. Errors: ErrNoFactor, ErrFactorRequired, those of BeginFactor.
func (s *Service) RemoveFactor(ctx context.Context, who Caller, c Confirmation, from Origin) error {
	switch {
	case !who.User.TOTP:
		return ErrNoFactor
	case s.factorRequired(who.User.Role):
		return ErrFactorRequired
	}
	return s.changeFactor(ctx, who, c, from, func(change FactorChange) (FactorChange, error) {
		if !change.User.TOTP {
			return change, ErrNoFactor
		}
		if s.factorRequired(change.User.Role) {
			return change, ErrFactorRequired
		}
		change.User.TOTP, change.Factor = false, Factor{}
		change.Audit = append(change.Audit, s.factorEntry(auditFactorOff, own(change.User, from), change.User, ""))
		return change, nil
	})
}

// RemoveFactorOf turns off the second factor of somebody who has lost it. Access tokens end, because they carry the role, which
// the user may no longer have. Sessions go on. Errors: ErrNoUser, ErrNoFactor, ErrOwnAccount, fault.ErrUnavailable.
func (s *Service) RemoveFactorOf(ctx context.Context, by Actor, userID int64) (User, error) {
	if by.ID == userID {
		return User{}, ErrOwnAccount
	}
	user, err := s.cfg.Store.UpdateFactor(ctx, FactorUpdate{
		UserID: userID, At: s.now(), EndedList: s.endedList(),
		Update: func(u User, _ Factor) (FactorChange, error) {
			if !u.TOTP {
				return FactorChange{}, ErrNoFactor
			}
			u.TOTP, u.Generation = false, u.Generation+1
			return FactorChange{User: u, Audit: []AuditEntry{s.factorEntry(auditFactorOff, by, u, "")}}, nil
		},
	})
	if err != nil {
		return User{}, fmt.Errorf("remove second factor: %w", err)
	}
	return user, nil
}

// RemoveFactorByName is RemoveFactorOf by name. Errors: *fault.InvalidError, those of RemoveFactorOf.
func (s *Service) RemoveFactorByName(ctx context.Context, by Actor, name string) (User, error) {
	name, err := PrepareName(name)
	if err != nil {
		return User{}, err
	}
	user, err := s.cfg.Store.UserByName(ctx, name)
	if err != nil {
		return User{}, err
	}
	return s.RemoveFactorOf(ctx, by, user.ID)
}

// changeFactor changes the caller's second factor after they have confirmed who they are. update gets the factor without the
// code that was shown.
func (s *Service) changeFactor(ctx context.Context, who Caller, c Confirmation, from Origin,
	update func(FactorChange) (FactorChange, error),
) error {
	p, err := preparePassword("password", c.Password)
	if err != nil {
		return err
	}
	place := s.place(password.Change, from)
	defer place.Leave()
	user, attempt, err := s.verify(ctx, place, prepared{name: who.User.Name, password: p}, from)
	if err != nil {
		return err
	}
	if user.ID != who.User.ID { // the name belongs to somebody else now
		return errors.Join(ErrRefused, attempt.Finish(ctx, guess.NotVerified))
	}
	if user.TOTP && cleanCode(c.Code) == "" {
		return errors.Join(ErrCodeRequired, attempt.Finish(ctx, guess.NotVerified))
	}
	return s.finishFactor(ctx, attempt, user, user.TOTP, from, func(u User, f Factor) (FactorChange, error) {
		if u.TOTP && !user.TOTP { // turned on meanwhile
			return FactorChange{}, ErrCodeRequired
		}
		change := FactorChange{User: u, Factor: f}
		if u.TOTP {
			var err error
			if change.Factor, change.Audit, err = s.spendCode(u, f, c.Code, from); err != nil {
				return FactorChange{}, err
			}
		}
		return update(change)
	})
}

// finishFactor finishes the attempt with a change of the second factor. byCode: a code is tried, and counts.
func (s *Service) finishFactor(ctx context.Context, attempt *guess.Attempt, verified User, byCode bool, from Origin,
	update func(User, Factor) (FactorChange, error),
) error {
	if byCode {
		err := s.cfg.Guesses.Code(ctx, attempt, guess.Scope{Name: verified.Name, Address: from.Address})
		if err != nil {
			return errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
		}
	}
	err := attempt.FinishWith(ctx, guess.Right, func(settlement guess.Update) error {
		_, err := s.cfg.Store.UpdateFactor(ctx, FactorUpdate{
			UserID: verified.ID, At: s.now(), Guess: settlement, EndedList: s.endedList(),
			Update: func(u User, f Factor) (FactorChange, error) {
				if u.Generation != verified.Generation || u.Disabled {
					return FactorChange{}, ErrStale
				}
				return update(u, f)
			},
		})
		return err
	})
	if errors.Is(err, ErrNoUser) || errors.Is(err, ErrStale) {
		return ErrRefused // that change has ended the caller's token too
	}
	return err
}

// spendCode takes a code of the app or a recovery code. Errors: ErrWrongCode, ErrFactorLost.
func (s *Service) spendCode(u User, f Factor, text string, from Origin) (Factor, []AuditEntry, error) {
	code := cleanCode(text)
	secret, lost := s.cfg.FactorKeys.open(u.ID, f.Sealed)
	after, by := f.spendRecovery(u.ID, code) // recovery codes need no key
	if by == proofNone && lost == nil {
		after, by = f.spendApp(secret, code, s.now())
	}
	switch {
	case by == proofRecovery:
		left := fmt.Sprintf("left=%d", len(after.Recovery))
		return after, []AuditEntry{s.factorEntry(auditRecoveryUsed, own(u, from), u, left)}, nil
	case by == proofApp:
		return after, nil, nil
	case lost != nil && len(code) == totp.Digits:
		return f, nil, lost
	}
	return f, nil, ErrWrongCode
}

func (s *Service) factorEntry(action string, by Actor, u User, detail string) AuditEntry {
	return AuditEntry{At: s.now(), Actor: by, Action: action, TargetID: u.ID, TargetName: u.Name, Detail: detail}
}

// own is a user who changes their own account.
func own(u User, from Origin) Actor {
	return Actor{ID: u.ID, Name: u.Name, Address: from.Address.String()}
}
