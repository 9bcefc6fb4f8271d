package account

import (
	"errors"
	"fmt"
)

// What can happen. Each is told to clients in its own way; see httpapi's table.
var (
	// ErrWrongCredentials means that the name, the password or both are wrong, or that the account is disabled: which
	// of them is nobody's business.
	ErrWrongCredentials = errors.New("wrong user name or password")
	// ErrNoUser means that there is no such user.
	ErrNoUser = errors.New("no such user")
	// ErrNameTaken means that another user has the name.
	ErrNameTaken = errors.New("user name is taken")
	// ErrNoSession means that the user has no such session, or that it has ended.
	ErrNoSession = errors.New("no such session")
	// ErrRefused means that an access or refresh token is good for nothing.
	ErrRefused = errors.New("token is refused")
	// ErrReused is an ErrRefused: a refresh token that was spent before came back, and its session has been ended.
	ErrReused = fmt.Errorf("%w: it was spent before", ErrRefused)
	// ErrNotAdmin means that the caller's role does not allow it.
	ErrNotAdmin = errors.New("caller is not an administrator")
	// ErrOwnAccount means that administrators may not do this to themselves.
	ErrOwnAccount = errors.New("administrators cannot do this to their own account")
	// ErrStale means that the account changed between reading and writing; Store methods that take a generation say so.
	ErrStale = errors.New("account changed meanwhile")
)
