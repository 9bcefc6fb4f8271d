package account

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// Config is what a Service is made of. All but SignUp, Now and Random are required.
type Config struct {
	Store       Store
	Hasher      *password.Hasher
	Policy      *password.Policy
	RefreshKeys *RefreshKeys
	SignUp      SignUp // SignUpOpen if empty
	FactorKeys  *FactorKeys
	Lifetimes   Lifetimes
	// SessionsPerUser is how many sessions a user keeps. A further one ends the least recently used.
	SessionsPerUser int
	// KeysPerUser is how many API keys a user may have. A further one is refused.
	KeysPerUser int
	Guesses     *guess.Throttle
	// AdminTOTP: administrators have no rights of theirs before they have a second factor.
	AdminTOTP bool
	Now       func() time.Time // time.Now if nil
	Random    io.Reader        // crypto/rand if nil
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	cfg         Config
	registering registering
}

// NewService returns a Service.
func NewService(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	return &Service{cfg: cfg, registering: registering{names: map[string]*registration{}}}
}

// now is the time to the microsecond, which both databases keep.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

const (
	sessionIDBytes  = 16
	sessionIDLength = (sessionIDBytes*8 + 5) / 6 // in base64 without padding
)

func (s *Service) newSessionID() (string, error) {
	var b [sessionIDBytes]byte
	if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
		return "", fmt.Errorf("random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// isSessionID reports whether a client's text can be the id of a session. No other text goes to the database.
func isSessionID(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == sessionIDBytes
}

// Credentials are a user name and a password as a client sent them.
type Credentials struct {
	Name     string
	Password string
	New      *string // the password from now on, at a sign-in; nil: no change
	Code     string  // of the second factor; only a sign-in reads it
}

type prepared struct {
	name     string
	password password.Prepared
	next     *password.Prepared
}

// prepare applies the same rules at registration and at sign-in. The error is a *fault.InvalidError.
func (c Credentials) prepare() (prepared, error) {
	name, err := PrepareName(c.Name)
	if err != nil {
		return prepared{}, err
	}
	p, err := preparePassword("password", c.Password)
	return prepared{name: name, password: p}, err
}

// preparePassword applies password.Prepare. The error is a *fault.InvalidError.
func preparePassword(field, raw string) (password.Prepared, error) {
	p, err := password.Prepare(raw)
	switch {
	case err == nil:
		return p, nil
	case errors.Is(err, password.ErrEmpty):
		return p, fault.Invalid(field, "The password must not be empty.")
	case errors.Is(err, password.ErrTooLong):
		return p, fault.Invalid(field, fmt.Sprintf("The password is longer than %d bytes.", password.MaxBytes))
	}
	if refused, ok := errors.AsType[*password.SignError](err); ok {
		return p, fault.Invalid(field, "The password must not hold "+refused.Sign+".")
	}
	return p, err
}

// clientName cuts what a client calls itself.
func clientName(raw string) string {
	if len(raw) > maxClientBytes {
		raw = raw[:maxClientBytes]
	}
	return strings.ToValidUTF8(raw, "")
}
