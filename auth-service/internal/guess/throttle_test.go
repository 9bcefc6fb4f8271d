package guess_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
)

// accounts is a service over an SQLite file, with the time of the test's synctest bubble.
func accounts(t *testing.T, queue *password.Queue, limits guess.Limits) *account.Service {
	t.Helper()
	return accountsOver(t, openStore(t), queue, limits)
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	db := must(store.Open(store.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), MaxConns: 8, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler),
	}))(t)
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func accountsOver(t *testing.T, db *store.Store, queue *password.Queue, limits guess.Limits) *account.Service {
	t.Helper()
	hasher := must(password.NewHasher(password.Params{MemoryKiB: 64, Passes: 1, Threads: 1}, queue, nil))(t)
	return account.NewService(account.Config{
		Store:       db,
		Hasher:      hasher,
		Policy:      must(password.NewPolicy(1, false))(t),
		RefreshKeys: must(account.NewRefreshKeys([]string{"0123456789abcdef0123456789abcdef-int"}))(t),
		Lifetimes: account.Lifetimes{
			Access: time.Hour, SessionIdle: 24 * time.Hour, Session: 24 * time.Hour, RefreshGrace: time.Hour,
		},
		SessionsPerUser: 1000,
		Guesses:         guess.New(guess.Config{Store: db, Limits: limits, Patience: 5 * time.Second}),
	})
}

func queue(workers, waiting int, wait time.Duration) *password.Queue {
	return password.NewQueue(password.QueueConfig{Workers: workers, Waiting: waiting, Wait: wait})
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func home() account.Origin { return account.Origin{Address: netip.MustParseAddr("198.51.100.7")} }

// ada registers and signs in at home.
func ada(t *testing.T, s *account.Service) account.Credentials {
	t.Helper()
	right := account.Credentials{Name: "ada", Password: "123456"}
	if _, _, err := s.Register(t.Context(), account.Applicant{Credentials: right}, home()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignIn(t.Context(), right, home()); err != nil {
		t.Fatal(err)
	}
	return right
}

// hammer guesses a name at home until stop is called: each of the clients makes one guess after the other. verified counts
// the guesses that were verified.
func hammer(t *testing.T, s *account.Service, clients int) (verified *atomic.Int64, stop func()) {
	t.Helper()
	verified = &atomic.Int64{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := s.SignIn(ctx, account.Credentials{Name: "ada", Password: "wrong"}, home())
				if errors.Is(err, account.ErrWrongCredentials) {
					verified.Add(1)
				}
				time.Sleep(time.Second / 15)
			}
		})
	}
	return verified, func() { cancel(); all.Wait() }
}

func TestOwnerSignsInThoughOthersGuessTheNameAtTheSameAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := accounts(t, queue(2, 128, 5*time.Second), limits())
		right := ada(t, s)
		verified, stop := hammer(t, s, 2)
		began := time.Now()
		for range 5 {
			time.Sleep(20 * time.Second)
			start := time.Now()
			if _, err := s.SignIn(t.Context(), right, home()); err != nil {
				t.Errorf("the right password: got %v", err)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("the right password took %v", took)
			}
		}
		stop()
		// Each right password resets the failures, so ten more are free each time. Besides, one a second is verified.
		if got, most := verified.Load(), 6*10+int64(time.Since(began).Seconds())+1; got > most || got < 60 {
			t.Errorf("%d guesses were verified, want at most %d", got, most)
		}
	})
}

// TestManyAttemptsAtAKnownAddressKeepNobodyElseOut: attempts that wait there hold no place in the queue for hashing, and
// most are throttled.
func TestManyAttemptsAtAKnownAddressKeepNobodyElseOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := accounts(t, queue(1, 0, 0), limits())
		ada(t, s)
		var throttled, other atomic.Int64
		for range 12 {
			_, _ = s.SignIn(t.Context(), account.Credentials{Name: "ada", Password: "wrong"}, home())
		}
		var crowd sync.WaitGroup
		for range 50 {
			crowd.Go(func() {
				_, err := s.SignIn(t.Context(), account.Credentials{Name: "ada", Password: "wrong"}, home())
				if refusal, ok := errors.AsType[*guess.ThrottledError](err); ok && refusal.RetryAfter == time.Second {
					throttled.Add(1)
				} else {
					other.Add(1)
				}
			})
			synctest.Wait()
		}
		if throttled.Load() < 45 || other.Load() != 0 {
			t.Errorf("at once %d of 50 were throttled and %d got another error, want 46 and 0", throttled.Load(), other.Load())
		}
		eve := account.Credentials{Name: "eve", Password: "123456"}
		start := time.Now()
		if _, _, err := s.Register(t.Context(), account.Applicant{Credentials: eve}, home()); err != nil {
			t.Errorf("another user registers: %v", err)
		}
		elsewhere := account.Origin{Address: netip.MustParseAddr("203.0.113.9")}
		if _, err := s.SignIn(t.Context(), eve, elsewhere); err != nil || time.Since(start) > 0 {
			t.Errorf("another user signs in: %v after %v", err, time.Since(start))
		}
		crowd.Wait()
	})
}

func TestGuessesAtAnUnknownAddressDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := accounts(t, queue(2, 128, 5*time.Second), limits())
		right := ada(t, s)
		elsewhere := account.Origin{Address: netip.MustParseAddr("203.0.113.9")}
		for range 10 {
			if _, err := s.SignIn(t.Context(), account.Credentials{Name: "ada", Password: "wrong"}, elsewhere); !errors.Is(err, account.ErrWrongCredentials) {
				t.Fatalf("got %v", err)
			}
		}
		start := time.Now()
		_, err := s.SignIn(t.Context(), right, elsewhere)
		if _, ok := errors.AsType[*guess.ThrottledError](err); !ok || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want to be throttled at once", err, time.Since(start))
		}
	})
}
