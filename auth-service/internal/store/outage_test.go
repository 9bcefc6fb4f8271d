package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store/pgtest"
)

func TestStoreWaitsForPostgresAndOutlivesItsDeath(t *testing.T) {
	t.Parallel()
	own := pgtest.Start(t)
	url := own.NewDatabase(t.Context(), t)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}

	db := openUnstarted(t, url)
	started := make(chan error, 1)
	go func() { started <- db.Start(t.Context()) }()
	if err := own.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	ada := insert(t, db, "ada")

	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := db.UserByName(t.Context(), "ada"); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("read: got %v, want ErrUnavailable", err)
	}
	if _, err := db.InsertUser(t.Context(), account.NewUser{Name: "eve", PasswordHash: "hash", CreatedAt: noon()}); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("write: got %v, want ErrUnavailable", err)
	}
	if err := db.Ready(t.Context()); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("ready: got %v, want ErrUnavailable", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("three calls took %v", took)
	}

	if err := own.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The next call may get a connection that broke a moment ago.
	for tries := 0; ; tries++ {
		got, err := db.UserByName(t.Context(), "ada")
		if errors.Is(err, fault.ErrUnavailable) && tries < 8 {
			continue
		}
		if err != nil || got != ada {
			t.Errorf("after the outage: got %+v, %v", got, err)
		}
		break
	}
}

func TestAChangeWhoseConnectionBreaksBetweenTwoStatementsIsUnavailable(t *testing.T) {
	t.Parallel()
	url := shared.Postgres(t)
	db := open(t, url)
	ada := insert(t, db, "ada")
	operator, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = operator.Close(context.WithoutCancel(t.Context())) })
	_, err = db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
		_, err := operator.Exec(t.Context(), `select pg_terminate_backend(pid, 5000) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
		return account.Change{User: u, Delete: true}, err
	})
	if !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestBatchesAreInTheLedgerOnceThoughPostgresDiesAgainAndAgain(t *testing.T) {
	t.Parallel()
	own := pgtest.Start(t)
	l := newLedger(open(t, own.NewDatabase(t.Context(), t)), noon())
	const gateways, batches, kills = 3, 40, 2
	delivered := make(chan struct{}, gateways*batches)
	var down sync.RWMutex
	var all sync.WaitGroup
	for g := range gateways {
		all.Go(func() {
			for sequence := int64(1); sequence <= batches; {
				b := ledger.Batch{Gateway: string(rune('a' + g)), Sequence: sequence, Rows: []ledger.Row{
					calls(1, "root", noon(), 1), calls(sequence, "files", noon(), 1),
				}}
				// An error leaves open whether the batch was added, so it is sent again.
				if _, err := l.Add(t.Context(), b); err != nil {
					down.RLock()
					down.RUnlock() //nolint:staticcheck // it waits until the server is back
					continue
				}
				sequence++
				delivered <- struct{}{}
			}
		})
	}
	for range kills {
		for range gateways * batches / (kills + 1) {
			<-delivered
		}
		down.Lock()
		if err := errors.Join(own.Kill(), own.Launch(t.Context())); err != nil {
			t.Fatal(err)
		}
		down.Unlock()
	}
	all.Wait()
	if got := report(t, l, 1, ledger.Month(noon()), ledger.ByDay).Total.Requests; got != gateways*(batches+1) {
		t.Errorf("got %d requests, want %d", got, gateways*(batches+1))
	}
	agrees(t, l)
}
