package main

import (
	"math"
	"net/netip"
	"runtime"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/admission"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/env"
	"tallygate/kit/memory"
	"tallygate/kit/service"
)

// config is everything that can be set. It holds values only: parts.go builds what they configure.
type config struct {
	service.Settings
	trustedProxies  []netip.Prefix
	internalSecret  *env.Secret
	signing         signingConfig
	askers          *env.Secret // of services that ask about tokens; may be empty
	bounds          admission.Bounds
	database        databaseConfig
	lifetimes       account.Lifetimes
	sessionsPerUser int
	signUp          account.SignUp
	publicURL       string // without a slash at its end; empty if it is not known
	keysPerUser     int
	guesses         guess.Limits
	passwords       passwordConfig
	usage           usageConfig
	adminTOTP       bool // administrators need a second factor
}

// databaseConfig says which database to use, and its bounds.
type databaseConfig struct {
	url      string
	maxConns int
	timeout  time.Duration
}

// passwordConfig says which passwords are good, and how they are hashed.
type passwordConfig struct {
	minLength    int
	refuseCommon bool
	params       password.Params
	workers      int // hashes at once, if their memory allows it
	waiting      int // passwords that may wait for a worker
	patience     time.Duration
}

// usageConfig says how usage is kept and leased.
type usageConfig struct {
	hoursKept    time.Duration
	leaseTime    time.Duration
	defaultQuota *int64 // nil: none
}

// The defaults of the two listeners.
const (
	defaultAddr        = "127.0.0.1:8001"
	defaultPrivateAddr = "127.0.0.1:9001"
)

// readConfig adds every mistake to r, each with its variable.
func readConfig(r *env.Reader) *config {
	s := service.ReadSettings(r, defaultAddr, defaultPrivateAddr)
	return &config{
		Settings:       s,
		trustedProxies: r.Prefixes("TRUSTED_PROXIES", "loopback"),
		internalSecret: r.Secret("INTERNAL_SECRET"),
		signing:        readSigning(r),
		askers:         r.OptionalSecret("INTROSPECTION_SECRET"),
		bounds:         readBounds(r),
		database:       readDatabase(r),
		lifetimes: account.Lifetimes{
			Access:       s.JWTTTL,
			SessionIdle:  r.Duration("SESSION_IDLE", 30*24*time.Hour, s.JWTTTL),
			Session:      r.Duration("SESSION_LIFETIME", 90*24*time.Hour, s.JWTTTL),
			RefreshGrace: r.Duration("REFRESH_GRACE", time.Hour, 0),
		},
		sessionsPerUser: r.Int("SESSIONS_PER_USER", 1000, 1, 10000),
		signUp:          account.SignUp(r.OneOf("REGISTRATION", string(account.SignUpOpen), string(account.SignUpInvite), string(account.SignUpClosed))),
		publicURL:       readPublicURL(r),
		keysPerUser:     readKeysPerUser(r),
		guesses:         readGuesses(r),
		passwords:       readPasswords(r),
		usage:           readUsage(r),
		adminTOTP:       readAdminTOTP(r),
	}
}

func readKeysPerUser(r *env.Reader) int { return r.Int("KEYS_PER_USER", 100, 0, 1000) }

func readAdminTOTP(r *env.Reader) bool {
	text := r.String("ADMIN_TOTP", "off")
	if text != "off" && text != "required" {
		r.Fail("ADMIN_TOTP", "%q is neither off nor required", text)
	}
	return text == "required"
}

func readBounds(r *env.Reader) admission.Bounds {
	byDefault := admission.DefaultBounds(memory.Available())
	return admission.Bounds{
		Requests:    r.Int("MAX_REQUESTS", byDefault.Requests, 2, 1<<20),
		Connections: r.Int("MAX_CONNECTIONS", byDefault.Connections, 2, 1<<20),
	}
}

func readDatabase(r *env.Reader) databaseConfig {
	address := readDatabaseURL(r)
	for _, mistake := range mistakes(store.CheckURL(address)) {
		r.Fail("DATABASE_URL", "%s", mistake)
	}
	return databaseConfig{
		url:      address,
		maxConns: r.Int("DATABASE_MAX_CONNS", 16, 2, 1000),
		timeout:  r.Duration("DATABASE_TIMEOUT", 3*time.Second, 100*time.Millisecond),
	}
}

func readUsage(r *env.Reader) usageConfig {
	u := usageConfig{
		hoursKept: time.Duration(r.Int("USAGE_HOURLY_DAYS", 90, 2, 36500)) * 24 * time.Hour,
		leaseTime: r.Duration("QUOTA_LEASE_TIME", 30*time.Second, time.Second),
	}
	if r.String("MONTHLY_QUOTA", "none") != "none" {
		quota := int64(r.Int("MONTHLY_QUOTA", 0, 0, math.MaxInt))
		u.defaultQuota = &quota
	}
	return u
}

func readGuesses(r *env.Reader) guess.Limits {
	return guess.Limits{
		PerName:         r.Int("GUESS_FREE_PER_NAME", 10, 1, 1<<20),
		PerAddress:      r.Int("GUESS_FREE_PER_ADDRESS", 100, 1, 1<<20),
		PerNameAnywhere: r.Int("GUESS_FREE_PER_NAME_ANYWHERE", 100, 0, 1<<20),
		Window:          r.Duration("GUESS_WINDOW", 15*time.Minute, time.Second),
		FirstDelay:      r.Duration("GUESS_FIRST_DELAY", time.Second, time.Millisecond),
		MaxDelay:        r.Duration("GUESS_MAX_DELAY", 15*time.Minute, time.Millisecond),
		KnownMaxDelay:   r.Duration("GUESS_MAX_DELAY_KNOWN", time.Second, time.Millisecond),
		Registrations:   r.Int("REGISTRATIONS_PER_ADDRESS", 1000, 0, 1<<20),
	}
}

func readPasswords(r *env.Reader) passwordConfig {
	byDefault := password.DefaultParams()
	return passwordConfig{
		minLength:    r.Int("PASSWORD_MIN_LENGTH", 1, 1, 128),
		refuseCommon: r.Bool("PASSWORD_REFUSE_COMMON", false),
		params: password.Params{
			MemoryKiB: uint32(r.Int("ARGON2_MEMORY_KIB", int(byDefault.MemoryKiB), 7*1024, 1<<20)),
			Passes:    uint32(r.Int("ARGON2_PASSES", int(byDefault.Passes), 1, 64)),
			Threads:   byDefault.Threads,
		},
		workers:  r.Int("HASH_WORKERS", runtime.GOMAXPROCS(0), 1, 1024),
		waiting:  r.Int("HASH_QUEUE", 128, 0, 1<<16),
		patience: r.Duration("HASH_WAIT", 5*time.Second, 0),
	}
}
