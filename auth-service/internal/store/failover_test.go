package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/store/pgtest"
)

// TestWritesGoOnAfterAFailover: a standby becomes the primary while users register all the time.
func TestWritesGoOnAfterAFailover(t *testing.T) {
	t.Parallel()
	t.Run("behind the same name, from a server that has become read-only", func(t *testing.T) {
		t.Parallel()
		primary, standby := pgtest.StartPair(t)
		at := pgtest.NewName(t, primary)
		f := startWriters(t, 8, at.URL("postgres"))

		execute(t, primary.URL("postgres"), "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
		f.stops(t, "read-only")
		at.Lead(standby) // the old connections stay
		if err := standby.Promote(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.goesOn(t)
	})
	t.Run("of several hosts, when every packet to the first one is lost", func(t *testing.T) {
		t.Parallel()
		primary, standby := pgtest.StartPair(t)
		first, second := pgtest.NewName(t, primary), pgtest.NewName(t, standby)
		f := startWriters(t, 1, "postgres://postgres@"+first.Address()+","+second.Address()+"/postgres?sslmode=disable&target_session_attrs=read-write")
		f.openAll(t)

		first.Silence()
		f.stops(t, "read-only") // what the second says
		if err := standby.Promote(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.goesOn(t)
	})
}

// failover is a store that users register at all the time.
type failover struct {
	*registrations
	db *store.Store
}

func startWriters(t *testing.T, writers int, url string) failover {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, MaxConns: 16, Timeout: 3 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some connections are broken
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := failover{registerAllTheTime(t, writers, db), db}
	f.goesOn(t)
	return f
}

// openAll returns when the store has opened all connections for clients.
func (f failover) openAll(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			for n := int64(0); ctx.Err() == nil; n++ {
				if _, err := f.db.UserByID(ctx, n%10); err != nil && ctx.Err() == nil && !errors.Is(err, account.ErrNoUser) {
					t.Error(err)
				}
			}
		})
	}
	f.waitFor(t, "all connections are open", 10*time.Second, func() bool { return f.db.Pool().Stats().OpenConnections >= 12 })
	cancel()
	all.Wait()
}

// stops returns when writes have failed, and the store is not ready and says why.
func (f failover) stops(t *testing.T, why string) {
	t.Helper()
	before := f.failed.Load()
	f.waitFor(t, "calls fail", 10*time.Second, func() bool { return f.failed.Load() > before })
	f.waitFor(t, "it is not ready: "+why, 5*time.Second, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // as httpd.Readiness
		defer cancel()
		err := f.db.Ready(ctx)
		return errors.Is(err, fault.ErrUnavailable) && strings.Contains(err.Error(), why)
	})
}

// goesOn returns when users are registered again and no call fails any more, and fails the test after 5 seconds.
func (f failover) goesOn(t *testing.T) {
	t.Helper()
	began, failed, written := time.Now(), f.failed.Load(), f.written.Load()
	first := time.Duration(0)
	f.waitFor(t, "users are registered, and no call fails", 5*time.Second, func() bool {
		if first == 0 && f.written.Load() > written {
			first = time.Since(began)
		}
		if now := f.failed.Load(); now != failed {
			failed, written = now, f.written.Load()
		}
		return f.written.Load() > written+50
	})
	t.Logf("the first write after %s, no failed call after %s", first, time.Since(began))
	f.waitFor(t, "it is ready", 5*time.Second, func() bool { return f.db.Ready(t.Context()) == nil })
}

// registrations are users who register all the time.
type registrations struct {
	written, failed atomic.Int64
	odd             chan error // that are no outage
}

func registerAllTheTime(t *testing.T, writers int, db *store.Store) *registrations {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &registrations{odd: make(chan error, 100)}
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, err := db.InsertUser(ctx, account.NewUser{Name: fmt.Sprintf("user-%d-%d", writer, n), PasswordHash: "hash", CreatedAt: noon()})
				switch {
				case err == nil:
					r.written.Add(1)
				case errors.Is(err, fault.ErrUnavailable):
					r.failed.Add(1)
				case ctx.Err() == nil:
					select {
					case r.odd <- err:
					default:
					}
				}
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
		close(r.odd)
		for err := range r.odd {
			t.Error(err)
		}
	})
	return r
}

func (*registrations) waitFor(t *testing.T, what string, limit time.Duration, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !yes(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // it is done
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
