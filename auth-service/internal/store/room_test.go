package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/store"
)

// TestReplicasGoOnAtAServerThatHasNoConnectionLeft: the role is an ordinary one that owns its database and may have ten connections.
// A replica that finds too few is not ready, and says why. One that is ready goes on with those that it has, also when it loses some
// and others take their place.
func TestReplicasGoOnAtAServerThatHasNoConnectionLeft(t *testing.T) {
	t.Parallel()
	admin := shared.EmptyPostgres(t)
	name := strings.Trim(strings.SplitN(strings.TrimPrefix(admin, "postgres://"), "?", 2)[0], "/")
	execute(t, admin, "create role few_"+name+" login connection limit 10", "alter database "+name+" owner to few_"+name)
	address, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("user", "few_"+name)
	address.RawQuery = query.Encode()
	openFew := func() *store.Store {
		db, err := store.Open(store.Config{URL: address.String(), MaxConns: 16, Timeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // some connections are broken
		return db
	}
	first, second := openFew(), openFew()
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = second.Start(t.Context()) }() // until the test ends
	var all sync.WaitGroup
	var failed atomic.Int64
	for writer := range 24 {
		all.Go(func() {
			for n := range 20 {
				_, err := first.InsertUser(t.Context(), account.NewUser{Name: fmt.Sprintf("user-%d-%d", writer, n), PasswordHash: "hash", CreatedAt: noon()})
				_, read := first.UserByName(t.Context(), fmt.Sprintf("user-%d-0", writer))
				for _, err := range []error{err, read} {
					switch {
					case errors.Is(err, fault.ErrUnavailable):
						failed.Add(1)
					case err != nil && !errors.Is(err, account.ErrNoUser):
						t.Errorf("%d %d: %v", writer, n, err)
					}
				}
				if n == 10 && writer == 0 { // others take the place of connections that end
					execute(t, admin, `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where usename = 'few_`+name+`'
						and state = 'idle' limit 2) picked`)
					hoard(t, address.String(), 2)
				}
			}
		})
	}
	eventually(t, func() bool {
		err := second.Ready(t.Context())
		return errors.Is(err, fault.ErrUnavailable) && strings.Contains(err.Error(), "no connection left")
	})
	all.Wait()
	// Only calls that come to a connection that was ended fail: with it, or because there is no other one for it.
	if n := failed.Load(); n > 4 {
		t.Errorf("%d calls failed", n)
	}
	eventually(t, func() bool { return first.Ready(t.Context()) == nil })
}

// hoard opens up to n connections and keeps them, where the replicas have not been quicker.
func hoard(t *testing.T, address string, n int) {
	t.Helper()
	for range n * 10 {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		if n--; n == 0 {
			return
		}
	}
}

// eventually returns when something has come true.
func eventually(t *testing.T, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !yes(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}
