package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// always lets every change of a plan be made.
func always(*account.Plan) error { return nil }

func putPlan(t *testing.T, db *store.Store, name string) account.Plan {
	t.Helper()
	p := account.Plan{Name: account.PlanName(name), UpdatedAt: noon()}
	put, _, err := db.PutPlan(t.Context(), p, account.AuditEntry{At: noon(), Action: "put plan", TargetName: name}, always)
	if err != nil {
		t.Fatal(err)
	}
	return put
}

func deletePlan(t *testing.T, db *store.Store, name string) error {
	t.Helper()
	return db.DeletePlan(t.Context(), account.PlanName(name), account.AuditEntry{At: noon(), Action: "delete plan", TargetName: name}, always)
}

func givePlan(t *testing.T, db *store.Store, id int64, name string) error {
	t.Helper()
	_, err := db.UpdateUser(t.Context(), id, noon(), func(u account.User) (account.Change, error) {
		u.Plan = account.PlanName(name)
		return account.Change{User: u}, nil
	})
	return err
}

// TestNobodyEndsWithAPlanThatIsGone: two replicas give a plan and delete it at the same moment, again and again.
func TestNobodyEndsWithAPlanThatIsGone(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		one, other := open(t, url), open(t, url)
		ada, bob := insert(t, one, "ada"), insert(t, one, "bob")
		var given, deleted int
		for round := range 40 {
			putPlan(t, one, "pro")
			var both sync.WaitGroup
			var giving [2]error
			var deleting error
			both.Go(func() { giving[0] = givePlan(t, one, ada.ID, "pro") })
			both.Go(func() { giving[1] = givePlan(t, other, bob.ID, "pro") })
			both.Go(func() { deleting = deletePlan(t, other, "pro") })
			both.Wait()
			for _, err := range giving {
				if err != nil && !errors.Is(err, account.ErrNoPlan) {
					t.Fatalf("round %d: giving: %v", round, err)
				}
			}
			if deleting != nil && !errors.Is(deleting, account.ErrPlanInUse) {
				t.Fatalf("round %d: deleting: %v", round, deleting)
			}
			if inUse := giving[0] == nil || giving[1] == nil; inUse == (deleting == nil) {
				t.Fatalf("round %d: given %v, deleted %v", round, giving, deleting)
			}
			if deleting == nil {
				deleted++
				continue
			}
			given++
			for _, u := range []account.User{ada, bob} {
				if err := givePlan(t, one, u.ID, ""); err != nil {
					t.Fatal(err)
				}
			}
			if err := deletePlan(t, one, "pro"); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%d times the plan was given, %d times deleted", given, deleted)
	})
}

// TestPlansAreBounded: two replicas make the last plan at the same moment, and one of them may.
func TestPlansAreBounded(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		one, other := open(t, url), open(t, url)
		change(t, url, fmt.Sprintf(`insert into plans (name, version, created_at, updated_at)
			with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
			select 'plan' || i, 0, p.created_at, p.updated_at from n, plans p where p.name = 'default'`, account.MaxPlans-1))
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				db := []*store.Store{one, other}[i%2]
				_, _, errs[i] = db.PutPlan(t.Context(), account.Plan{Name: account.PlanName(fmt.Sprint("more", i)), UpdatedAt: noon()}, account.AuditEntry{At: noon()}, always)
			})
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, account.ErrTooManyPlans) {
				t.Error(err)
			}
		}
		if made != 1 {
			t.Errorf("%d were made, want 1", made)
		}
		putPlan(t, one, "plan1") // replacing is no new one
		if plans, err := one.PlansNamed(t.Context(), nil); err != nil || len(plans) != account.MaxPlans+1 {
			t.Errorf("got %d plans, %v", len(plans), err)
		}
	})
}

func TestPlanOfAUserIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	shared.OnEach(t, func(t *testing.T, url string) {
		open(t, url)
		driver, explain := "sqlite", "explain query plan "
		if strings.HasPrefix(url, "postgres") {
			driver, explain = "pgx", "explain "
		}
		pool, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close() //nolint:errcheck // it was only read
		pool.SetMaxOpenConns(1)
		if driver == "pgx" {
			if _, err := pool.ExecContext(t.Context(), "set enable_seqscan = off"); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := pool.QueryContext(t.Context(), explain+"select 1 from users where plan = 'pro'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // it was only read
		var text strings.Builder
		for rows.Next() {
			var line string
			into := []any{&line}
			if driver == "sqlite" {
				into = []any{new(int), new(int), new(int), &line}
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			text.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil || !strings.Contains(text.String(), "users_plan_idx") {
			t.Errorf("got %s %v", text.String(), err)
		}
	})
}

func TestOldDeletionsOfPlansAreForgotten(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		putPlan(t, db, "pro")
		if err := deletePlan(t, db, "pro"); err != nil {
			t.Fatal(err)
		}
		putPlan(t, db, "free")
		for _, step := range []struct {
			before      time.Time
			pruned      int64
			after, want int
		}{{noon().Add(-time.Second), 0, 0, 2}, {noon(), 2, 2, 1}} {
			if err := db.Sweep(t.Context(), account.Expiry{Changes: step.before}); err != nil {
				t.Fatal(err)
			}
			changes, err := db.ChangesAfter(t.Context(), int64(step.after), 10)
			if err != nil || len(changes) != step.want {
				t.Errorf("%+v: got %+v, %v", step, changes, err)
			}
			if at, err := db.ChangeCounter(t.Context()); err != nil || at.Pruned != step.pruned || at.Last != 3 {
				t.Errorf("%+v: got %+v, %v", step, at, err)
			}
		}
	})
}
