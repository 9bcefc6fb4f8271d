package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// invite adds an invitation with this id, made at noon and good for an hour.
func invite(t *testing.T, db *store.Store, id int64, plan account.PlanName) error {
	t.Helper()
	return db.InsertInvitation(t.Context(), account.NewInvitation{
		Invitation: account.Invitation{ID: id, CreatedAt: noon(), ExpiresAt: noon().Add(time.Hour), Plan: plan},
		Hash:       hashOf(id), MaxOpen: 5,
		Audit: account.AuditEntry{At: noon(), Actor: account.Actor{Name: "root"}, Action: "invite"},
	})
}

func hashOf(id int64) account.InvitationHash { return account.InvitationHash{byte(id)} }

func insertWith(t *testing.T, db *store.Store, name string, id int64, at time.Time) (account.User, error) {
	t.Helper()
	return db.InsertUser(t.Context(), account.NewUser{
		Name: name, PasswordHash: "hash", CreatedAt: at, Invitation: new(hashOf(id)),
		Audit: &account.AuditEntry{At: at, Actor: account.Actor{Name: "root"}, Action: "create"},
	})
}

func TestAnInvitationIsFoundAsItWasMade(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		root := insert(t, db, "root")
		want := account.Invitation{
			ID: 1<<63 - 1, CreatedAt: noon(), CreatedBy: account.Person{ID: root.ID}, ExpiresAt: noon().Add(time.Hour),
			Name: "ada", Roles: "a b",
		}
		if err := db.InsertInvitation(t.Context(), account.NewInvitation{Invitation: want, Hash: hashOf(1), MaxOpen: 1}); err != nil {
			t.Fatal(err)
		}
		if got, err := db.InvitationByHash(t.Context(), hashOf(1)); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := db.InvitationByHash(t.Context(), hashOf(2)); !errors.Is(err, account.ErrNoInvitation) {
			t.Errorf("got %v, want ErrNoInvitation", err)
		}
		ada, err := insertWith(t, db, "ada", 1, noon())
		if err != nil {
			t.Fatal(err)
		}
		want.CreatedBy.Name, want.UsedAt, want.UsedBy = "root", noon(), account.Person{ID: ada.ID, Name: "ada"}
		if got, err := db.Invitations(t.Context(), account.InvitationPlace{}, 10); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestAnInvitationThatIsNotOpenMakesNobody(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for id := range int64(3) {
			if err := invite(t, db, id+1, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := insertWith(t, db, "ada", 1, noon()); err != nil {
			t.Fatal(err)
		}
		if err := db.WithdrawInvitation(t.Context(), 2, noon(), account.AuditEntry{At: noon(), Action: "withdraw"}); err != nil {
			t.Fatal(err)
		}
		before := count(t, db, "audit_log")
		for what, try := range map[string]struct {
			id int64
			at time.Time
		}{"used": {1, noon()}, "withdrawn": {2, noon()}, "expired": {3, noon().Add(time.Hour)}, "unknown": {4, noon()}} {
			if _, err := insertWith(t, db, "bob", try.id, try.at); !errors.Is(err, account.ErrNotInvited) {
				t.Errorf("%s: got %v, want ErrNotInvited", what, err)
			}
		}
		if _, err := insertWith(t, db, "ada", 3, noon()); !errors.Is(err, account.ErrNameTaken) {
			t.Errorf("a taken name: got %v, want ErrNameTaken", err)
		}
		if users, log := count(t, db, "users"), count(t, db, "audit_log"); users != 1 || log != before {
			t.Errorf("there are %d users and %d new entries of the audit log, want 1 and 0", users, log-before)
		}
		if _, err := insertWith(t, db, "bob", 3, noon().Add(time.Hour-time.Microsecond)); err != nil {
			t.Errorf("a refused use has used it up: %v", err)
		}
	})
}

// TestUseAndWithdrawalExcludeEachOther: of a use and a withdrawal at once, one succeeds.
func TestUseAndWithdrawalExcludeEachOther(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		stores := []*store.Store{open(t, url), open(t, url)}
		for id := int64(1); id <= 5; id++ {
			if err := invite(t, stores[0], id, ""); err != nil {
				t.Fatal(err)
			}
			var used, withdrawn error
			var both sync.WaitGroup
			both.Go(func() { _, used = insertWith(t, stores[0], string(rune('a'+id)), id, noon()) })
			both.Go(func() {
				withdrawn = stores[1].WithdrawInvitation(t.Context(), id, noon(), account.AuditEntry{At: noon(), Action: "withdraw"})
			})
			both.Wait()
			if !(used == nil && errors.Is(withdrawn, account.ErrInvitationUsed)) && !(errors.Is(used, account.ErrNotInvited) && withdrawn == nil) {
				t.Errorf("got %v and %v, want one of them to succeed", used, withdrawn)
			}
		}
	})
}

func TestOpenInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		var mu sync.Mutex
		made, refused := 0, 0
		var all sync.WaitGroup
		for id := range int64(20) {
			all.Go(func() {
				err := invite(t, db, id+1, "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case errors.Is(err, account.ErrTooManyInvitations):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made != 5 || refused != 15 || count(t, db, "audit_log") != 5 {
			t.Errorf("got %d made and %d refused, want 5 and 15", made, refused)
		}
		places, err := db.Invitations(t.Context(), account.InvitationPlace{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.WithdrawInvitation(t.Context(), places[0].ID, noon(), account.AuditEntry{At: noon(), Action: "withdraw"}); err != nil {
			t.Fatal(err)
		}
		if err := invite(t, db, 30, ""); err != nil {
			t.Errorf("after one was withdrawn: %v", err)
		}
	})
}

func TestAnInvitationOfNoPlanIsNotMade(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		if err := invite(t, db, 1, "pro"); !errors.Is(err, account.ErrNoPlan) {
			t.Errorf("got %v, want ErrNoPlan", err)
		}
		if n := count(t, db, "invitations") + count(t, db, "audit_log"); n != 0 {
			t.Errorf("%d rows are left behind", n)
		}
	})
}

func TestSweepForgetsInvitationsThatAreLongOver(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for id := range int64(4) {
			if err := invite(t, db, id+1, ""); err != nil { // they expire an hour after noon
				t.Fatal(err)
			}
		}
		if _, err := insertWith(t, db, "ada", 1, noon()); err != nil {
			t.Fatal(err)
		}
		if err := db.WithdrawInvitation(t.Context(), 2, noon().Add(time.Minute), account.AuditEntry{At: noon(), Action: "withdraw"}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			left  int
		}{{-time.Second, 4}, {0, 3}, {time.Minute, 2}, {time.Hour - time.Second, 2}, {time.Hour, 0}} {
			if err := db.Sweep(t.Context(), account.Expiry{Invitations: noon().Add(step.after)}); err != nil {
				t.Fatal(err)
			}
			if left := count(t, db, "invitations"); left != step.left {
				t.Errorf("%v after noon: %d are left, want %d", step.after, left, step.left)
			}
		}
	})
}
