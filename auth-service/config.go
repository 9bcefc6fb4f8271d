package main

import (
	"math"
	"net/netip"
	"runtime"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/internalapi"
	"tallygate/kit/service"
	"tallygate/kit/token"
)

// config is everything that can be set, read and checked.
type config struct {
	service.Settings
	trustedProxies []netip.Prefix

	internalSecret *env.Secret
	keyring        *token.Keyring
	bearer         *internalapi.Bearer
	refreshKeys    *account.RefreshKeys

	database store.Config

	lifetimes account.Lifetimes
	sessions  int // of a user
	guesses   guess.Limits
	patience  time.Duration
	policy    *password.Policy
	params    password.Params
	queue     *password.Queue

	tally ledger.Config
}

// The defaults of the two listeners.
const (
	defaultAddr        = ":8001"
	defaultPrivateAddr = "127.0.0.1:9001"
)

// replayWindow is how long a spent refresh token still gets the same child.
const replayWindow = 10 * time.Second

// readConfig reports every mistake at once, each with its variable.
func readConfig(lookup env.Lookup) (config, error) {
	r := env.NewReader(lookup)
	c := config{Settings: service.ReadSettings(r, defaultAddr, defaultPrivateAddr)}
	c.trustedProxies = r.Prefixes("TRUSTED_PROXIES", "loopback")
	c.keyring = c.Keyring(r)
	c.internalSecret = r.Secret("INTERNAL_SECRET")
	if secret := c.internalSecret.Value(); secret != "" {
		var err error
		c.bearer, err = internalapi.NewBearer(secret)
		r.Add(err)
		c.refreshKeys, err = account.NewRefreshKeys(token.SplitSecrets(secret))
		r.Add(err)
	}
	c.database = readDatabase(r)

	c.lifetimes = account.Lifetimes{
		Access:      c.JWTTTL,
		SessionIdle: r.Duration("SESSION_IDLE", 30*24*time.Hour, c.JWTTTL),
		Session:     r.Duration("SESSION_LIFETIME", 90*24*time.Hour, c.JWTTTL),
		Replay:      replayWindow,
	}
	c.sessions = r.Int("SESSIONS_PER_USER", 1000, 1, 10000)
	c.readPasswords(r)
	c.readGuesses(r)
	c.readTally(r)
	return c, r.Err()
}

// internalSecrets follows the file of INTERNAL_SECRET and replaces what is made of it.
func (c *config) internalSecrets() follow.Source {
	return env.SecretFiles(func() error {
		secret := c.internalSecret.Value()
		if err := c.bearer.Replace(secret); err != nil {
			return err
		}
		return c.refreshKeys.Replace(token.SplitSecrets(secret))
	}, c.internalSecret)
}

func readDatabase(r *env.Reader) store.Config {
	return store.Config{
		URL:      readDatabaseURL(r),
		MaxConns: r.Int("DATABASE_MAX_CONNS", 16, 2, 1000),
		Timeout:  r.Duration("DATABASE_TIMEOUT", 3*time.Second, 100*time.Millisecond),
	}
}

func (c *config) readTally(r *env.Reader) {
	c.tally.HoursKept = time.Duration(r.Int("USAGE_HOURLY_DAYS", 90, 2, 36500)) * 24 * time.Hour
	c.tally.LeaseTime = r.Duration("QUOTA_LEASE_TIME", 30*time.Second, time.Second)
	if r.String("MONTHLY_QUOTA", "none") != "none" {
		quota := int64(r.Int("MONTHLY_QUOTA", 0, 0, math.MaxInt))
		c.tally.DefaultQuota = &quota
	}
}

func (c *config) readGuesses(r *env.Reader) {
	c.guesses = guess.Limits{
		PerName:       r.Int("GUESS_FREE_PER_NAME", 10, 1, 1<<20),
		PerAddress:    r.Int("GUESS_FREE_PER_ADDRESS", 100, 1, 1<<20),
		Window:        r.Duration("GUESS_WINDOW", 15*time.Minute, time.Second),
		FirstDelay:    r.Duration("GUESS_FIRST_DELAY", time.Second, time.Millisecond),
		MaxDelay:      r.Duration("GUESS_MAX_DELAY", 15*time.Minute, time.Millisecond),
		KnownMaxDelay: r.Duration("GUESS_MAX_DELAY_KNOWN", time.Second, time.Millisecond),
		Registrations: r.Int("REGISTRATIONS_PER_ADDRESS", 0, 0, 1<<20),
	}
}

func (c *config) readPasswords(r *env.Reader) {
	var err error
	c.policy, err = password.NewPolicy(
		r.Int("PASSWORD_MIN_LENGTH", 1, 1, 128),
		r.Bool("PASSWORD_REFUSE_COMMON", false))
	r.Add(err)
	byDefault := password.DefaultParams()
	c.params = password.Params{
		MemoryKiB: uint32(r.Int("ARGON2_MEMORY_KIB", int(byDefault.MemoryKiB), 7*1024, 1<<20)),
		Passes:    uint32(r.Int("ARGON2_PASSES", int(byDefault.Passes), 1, 64)),
		Threads:   byDefault.Threads,
	}
	c.patience = r.Duration("HASH_WAIT", 5*time.Second, 0)
	c.queue = password.NewQueue(
		r.Int("HASH_WORKERS", runtime.GOMAXPROCS(0), 1, 1024),
		r.Int("HASH_QUEUE", 128, 0, 1<<16),
		c.patience)
}
