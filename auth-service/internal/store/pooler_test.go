package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// TestBehindPgBouncerInTransactionMode: four replicas with more connections than the pooler has to the server, so that the transactions
// of one connection come to different servers' processes. The address has no option for it.
func TestBehindPgBouncerInTransactionMode(t *testing.T) {
	t.Parallel()
	direct := shared.EmptyPostgres(t)
	url := shared.Bounced(t, direct)
	var replicas [4]*store.Store
	var all sync.WaitGroup
	for i := range replicas {
		replicas[i] = openUnstarted(t, url)
		all.Go(func() {
			if err := replicas[i].Start(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	quota := int64(100_000)
	user := insertWithQuota(t, replicas[0], quota)
	for i, db := range replicas {
		for worker := range 4 {
			all.Go(func() {
				name := fmt.Sprintf("user-%d-%d", i, worker)
				if err := callEverything(t, db, name, user); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	all.Wait()
	l := newLedger(replicas[0], noon())
	if got := report(t, l, user, ledger.Month(noon()), ledger.ByDay).Total.Requests; got != 4*4*10 {
		t.Errorf("got %d calls in the ledger, want %d", got, 4*4*10)
	}
	agrees(t, l)
	conn, err := pgx.Connect(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // it is done
	var locks int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())").Scan(&locks); err != nil || locks > 0 {
		t.Errorf("%d locks stay behind in connections of the pooler (%v)", locks, err)
	}
}

// callEverything makes calls of each kind: changes, reads, leases, batches, and queries with settings of their own.
func callEverything(t *testing.T, db *store.Store, name string, quotaOf int64) error {
	t.Helper()
	user := insert(t, db, name)
	l := newLedger(db, noon())
	for sequence := int64(1); sequence <= 10; sequence++ {
		_, leased := l.Lease(t.Context(), requestOf(name, ledger.UsersMonth(quotaOf, noon()), sequence, 1))
		_, added := l.Add(t.Context(), ledger.Batch{Gateway: name, Sequence: sequence, Rows: []ledger.Row{calls(quotaOf, "root", noon(), 1)}})
		_, found := db.UserByName(t.Context(), name)
		_, listed := l.List(t.Context(), ledger.Listing{Period: ledger.Month(noon()), Limit: 10, Which: ledger.Which{ByKey: true}, MostCalls: true})
		if err := errors.Join(leased, added, found, listed, db.Ready(t.Context())); err != nil {
			return err
		}
	}
	_, err := db.Records(t.Context(), []int64{user.ID}, time.Hour, noon())
	return err
}
