package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

func TestAPlanOfAnOpenInvitationIsNotDeleted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for what, over := range map[string]func(id int64) error{
			"withdrawn": func(id int64) error {
				return db.WithdrawInvitation(t.Context(), id, noon(), account.AuditEntry{At: noon(), Action: "withdraw"})
			},
			"used": func(id int64) error {
				_, err := insertWith(t, db, "ada", id, noon()) // a user without a plan
				return err
			},
		} {
			id, plan := int64(len(what)), what
			putPlan(t, db, plan)
			putPlan(t, db, "other")
			if err := invite(t, db, id, account.PlanName(plan)); err != nil {
				t.Fatal(err)
			}
			before := count(t, db, "audit_log")
			if err := deletePlan(t, db, plan); !errors.Is(err, account.ErrPlanInUse) || count(t, db, "audit_log") != before {
				t.Errorf("open: got %v, want ErrPlanInUse and nothing in the audit log", err)
			}
			if err := deletePlan(t, db, "other"); err != nil {
				t.Errorf("another plan: %v", err)
			}
			if err := over(id); err != nil {
				t.Fatal(err)
			}
			if err := deletePlan(t, db, plan); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		putPlan(t, db, "pro")
		if err := invite(t, db, 1, "pro"); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[time.Duration]error{time.Hour - time.Microsecond: account.ErrPlanInUse, time.Hour: nil} {
			entry := account.AuditEntry{At: noon().Add(at), Action: "delete plan", TargetName: "pro"}
			if err := db.DeletePlan(t.Context(), "pro", entry, always); !errors.Is(err, want) {
				t.Errorf("%v after it was made: got %v, want %v", at, err, want)
			}
			putPlan(t, db, "pro")
		}
	})
}

// TestNoInvitationEndsWithAPlanThatIsGone: one replica invites and another deletes the plan at the same moment, again and again.
func TestNoInvitationEndsWithAPlanThatIsGone(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		stores := [2]*store.Store{open(t, url), open(t, url)}
		for id := int64(1); id <= 40; id++ {
			putPlan(t, stores[0], "pro")
			var inviting, deleting error
			var both sync.WaitGroup
			both.Go(func() { inviting = invite(t, stores[id%2], id, "pro") })
			both.Go(func() { deleting = deletePlan(t, stores[(id+1)%2], "pro") })
			both.Wait()
			switch {
			case inviting == nil && errors.Is(deleting, account.ErrPlanInUse):
				err := stores[0].WithdrawInvitation(t.Context(), id, noon(), account.AuditEntry{At: noon(), Action: "withdraw"})
				if err != nil {
					t.Fatal(err)
				}
			case !errors.Is(inviting, account.ErrNoPlan) || deleting != nil:
				t.Fatalf("round %d: got %v and %v, want one of them to succeed", id, inviting, deleting)
			}
		}
	})
}
