package token

import (
	"errors"
	"math"
	"slices"
	"time"
)

// Leeway is how far nbf and iat may lie ahead of this machine's clock.
const Leeway = 5 * time.Second

// Why a token is refused. Clients get the same body for all three; see package problem.
var (
	ErrMissing = errors.New("no token")
	ErrInvalid = errors.New("token is not valid")
	ErrExpired = errors.New("token has expired") // its signature was good
)

// Config is what a Verifier accepts.
type Config struct {
	Keys     *Keyring
	Issuer   string
	Audience string
	MaxLife  time.Duration    // the longest exp - iat that is accepted
	Now      func() time.Time // time.Now if nil
}

// Verifier verifies tokens. Safe for concurrent use.
type Verifier struct {
	cfg Config
}

// NewVerifier returns a Verifier; Keys, Issuer, Audience and MaxLife are required.
func NewVerifier(cfg Config) *Verifier {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Verifier{cfg: cfg}
}

// Issuer is the iss of the tokens that it accepts.
func (v *Verifier) Issuer() string { return v.cfg.Issuer }

// Audience is what their aud has to hold.
func (v *Verifier) Audience() string { return v.cfg.Audience }

// KeysVersion changes when the set of keys changes. A caller that remembers results reads it before Verify, and verifies
// again when it has changed. This way a token whose key was withdrawn is refused.
func (v *Verifier) KeysVersion() uint64 { return v.cfg.Keys.current.Load().version }

// Verify verifies one token and returns its claims. The error is ErrInvalid or ErrExpired.
func (v *Verifier) Verify(raw string) (Claims, error) {
	signed, head, claims, signature, err := split(raw)
	if err != nil {
		return Claims{}, ErrInvalid
	}
	h, err := readHeader(head)
	if err != nil {
		return Claims{}, ErrInvalid
	}
	sig, err := decode(signature)
	if err != nil || !v.cfg.Keys.current.Load().signed(h, signed, sig) {
		return Claims{}, ErrInvalid
	}
	c, err := readClaims(claims)
	if err != nil {
		return Claims{}, ErrInvalid
	}
	return v.validate(c)
}

// validate compares the claims with the clock and the configuration.
func (v *Verifier) validate(c rawClaims) (Claims, error) {
	now := v.cfg.Now()
	seconds := float64(now.UnixMicro()) / 1e6
	life, leeway := v.cfg.MaxLife.Seconds(), Leeway.Seconds()
	switch {
	case c.UserID == 0, c.issuer != v.cfg.Issuer, !slices.Contains(c.audience, v.cfg.Audience):
		return Claims{}, ErrInvalid
	case math.IsNaN(c.exp), c.exp <= 0, c.exp-seconds > life+leeway:
		return Claims{}, ErrInvalid
	case !math.IsNaN(c.nbf) && c.nbf > seconds+leeway, !math.IsNaN(c.iat) && c.iat > seconds+leeway:
		return Claims{}, ErrInvalid
	case !math.IsNaN(c.iat) && (c.iat < 0 || c.exp-c.iat > life):
		return Claims{}, ErrInvalid
	case seconds >= c.exp:
		return Claims{}, ErrExpired
	}
	return c.Claims, nil
}
