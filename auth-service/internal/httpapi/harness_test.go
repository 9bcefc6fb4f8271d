package httpapi_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/clientauth"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/httpapi"
	"tallygate/auth-service/internal/issuer"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/store/pgtest"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/env"
	"tallygate/kit/httpd"
	"tallygate/kit/internalapi"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
	"tallygate/kit/turn"
)

const (
	jwtSecret      = "0123456789abcdef0123456789abcdef-jwt"
	internalSecret = "0123456789abcdef0123456789abcdef-int"
)

// shared has the databases of this test binary.
var shared = pgtest.Shared{Prepare: migrate}

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// migrate brings the schema of a database up to date.
func migrate(ctx context.Context, url string) error {
	db, err := store.Open(store.Config{URL: url, MaxConns: 1, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(db.Start(ctx), db.Close())
}

// onEachDatabase runs a test on SQLite and on PostgreSQL, each time on a database of its own.
func onEachDatabase(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	shared.OnEach(t, test)
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// options are what a test wants to be different; the zero value is what most want.
type options struct {
	askers   string // INTROSPECTION_SECRET
	url      string
	clock    *clock
	guesses  guess.Limits
	params   password.Params
	policy   *password.Policy
	log      io.Writer
	ttl      time.Duration
	workers  int // that hash passwords
	waiting  int // places beside theirs
	sessions int
	keys     int
	quota    *int64
	grace    time.Duration
	signUp   account.SignUp
	link     string // PUBLIC_URL
	// adminTOTP: administrators need a second factor.
	adminTOTP bool
	internal  string // INTERNAL_SECRET, for second factors only
}

func unlimited() guess.Limits {
	return guess.Limits{PerName: math.MaxInt32, PerAddress: math.MaxInt32, PerNameAnywhere: math.MaxInt32, Window: time.Minute}
}

func defaultGuesses() guess.Limits {
	return guess.Limits{
		PerName: 10, PerAddress: 100, PerNameAnywhere: 100, Window: 15 * time.Minute,
		FirstDelay: time.Second, MaxDelay: 15 * time.Minute, KnownMaxDelay: time.Second,
	}
}

// service is one replica of the API over a real database.
type service struct {
	public, private http.Handler
	accounts        *account.Service
	clock           *clock
	internal        string
	keys            *account.RefreshKeys
	factors         *account.FactorKeys
	verifier        *token.Verifier
	asks            *turn.Line
	parent          signedIn // for tests that need one
	usage           *ledger.Service
}

func newService(t testing.TB, o options) *service {
	t.Helper()
	o.complete(t)
	log := slog.New(slog.NewJSONHandler(o.log, nil))
	db := must(store.Open(store.Config{URL: o.url, MaxConns: 8, Timeout: time.Minute, Log: log, Now: o.clock.Now}))(t)
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys := must(token.NewKeyring(jwtSecret, nil))(t)
	bearer := must(internalapi.NewBearer(internalSecret))(t)
	refreshKeys := must(account.NewRefreshKeys([]string{internalSecret}))(t)
	factors := must(account.NewFactorKeys([]string{o.internal}))(t)
	queue := password.NewQueue(password.QueueConfig{Workers: o.workers, Waiting: o.waiting, Wait: time.Minute})
	hasher := must(password.NewHasher(o.params, queue, nil))(t)
	lifetimes := account.Lifetimes{
		Access: o.ttl, SessionIdle: 30 * 24 * time.Hour, Session: 90 * 24 * time.Hour, RefreshGrace: o.grace,
	}
	accounts := account.NewService(account.Config{
		Store:           db,
		Hasher:          hasher,
		Policy:          o.policy,
		RefreshKeys:     refreshKeys,
		FactorKeys:      factors,
		AdminTOTP:       o.adminTOTP,
		Lifetimes:       lifetimes,
		SessionsPerUser: o.sessions, KeysPerUser: o.keys, SignUp: o.signUp, Now: o.clock.Now,
		Guesses: guess.New(guess.Config{
			Store: db, Limits: o.guesses, Patience: time.Minute, Now: o.clock.Now,
		}),
	})
	feed := account.NewFeed(account.FeedConfig{Store: db, EndedLife: lifetimes.Ended(), Now: o.clock.Now})
	go feed.Run(t.Context())
	s := &service{
		accounts: accounts, clock: o.clock, internal: bearer.Header(), keys: refreshKeys, factors: factors, asks: turn.NewLine(2, 2),
	}
	usage := ledger.NewService(ledger.Config{
		Store: db, HoursKept: 90 * 24 * time.Hour, DefaultQuota: o.quota, LeaseTime: 30 * time.Second, Log: log, Now: o.clock.Now,
	})
	s.usage = usage
	s.verifier = token.NewVerifier(token.Config{
		Keys: keys, Issuer: "tallygate", Audience: "tallygate", MaxLife: o.ttl, Now: o.clock.Now,
	})
	s.public, s.private = httpapi.New(httpapi.Config{
		Accounts: accounts, Feed: feed, Ledger: usage, PublicURL: o.link,
		System: system.New(system.Config{
			Store: db, Ledger: usage, Replica: func() system.Replica { return system.Replica{Version: "tested", StartedAt: o.clock.Now()} },
			Secrets: func() system.Secrets { return system.Secrets{Signing: system.Secret{Others: 1}} }, Now: o.clock.Now,
		}),
		Issuer:   issuer.New(issuer.Config{Issuer: "tallygate", Audience: "tallygate", TTL: o.ttl}, issuer.SecretKey(jwtSecret)),
		Verifier: s.verifier,
		Tickets:  must(ticket.NewKeys([]string{internalSecret}))(t),
		Askers:   must(clientauth.New(o.askers))(t), Asks: s.asks,
		Internal: bearer, Names: must(account.NewNameHash(internalSecret))(t), Readiness: httpd.NewReadiness(db.Ready),
		TrustedProxies: env.NewReader(func(string) (string, bool) { return "", false }).Prefixes("", "loopback"),
		Metrics:        prometheus.NewRegistry(), Log: log, AccessLog: true,
	})
	return s
}

// complete sets the defaults of options that are not set.
func (o *options) complete(t testing.TB) {
	t.Helper()
	if o.url == "" {
		o.url = shared.SQLite(t)
	}
	if o.clock == nil {
		o.clock = newClock()
	}
	if o.guesses == (guess.Limits{}) {
		o.guesses = unlimited()
	}
	if o.params == (password.Params{}) {
		o.params = password.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
	}
	if o.policy == nil {
		o.policy = must(password.NewPolicy(1, false))(t)
	}
	if o.log == nil {
		o.log = io.Discard
	}
	if o.internal == "" {
		o.internal = internalSecret
	}
	if o.sessions == 0 {
		o.sessions = 1000
	}
	if o.keys == 0 {
		o.keys = 100
	}
	if o.grace == 0 {
		o.grace = time.Hour
	}
	if o.ttl == 0 {
		o.ttl = time.Hour
	}
	if o.waiting == 0 {
		o.waiting = 1000
	}
	if o.workers == 0 {
		o.workers = 4
	}
}

// must makes a fatal error of an error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
