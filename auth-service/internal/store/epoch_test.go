package store_test

import (
	"database/sql"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// process starts auth-service's part of the database at a time of the installation's life.
func process(t *testing.T, url string, at time.Time) *store.Store {
	t.Helper()
	started := time.Now()
	now := func() time.Time { return at.Add(time.Since(started)) }
	db, err := store.Open(store.Config{URL: url, MaxConns: 8, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func stop(t *testing.T, db *store.Store) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// register returns the id of a new user.
func register(t *testing.T, db *store.Store, name string) int64 {
	t.Helper()
	user, err := db.InsertUser(t.Context(), account.NewUser{Name: name, PasswordHash: "h", CreatedAt: time.Now().UTC()})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

// importUser is register for an import.
func importUser(t *testing.T, db *store.Store, name string) int64 {
	t.Helper()
	users := []account.NewUser{{Name: name, PasswordHash: "h", CreatedAt: time.Now().UTC()}}
	if added, err := db.InsertUsers(t.Context(), users); err != nil || added != 1 {
		t.Fatal(added, err)
	}
	user, err := db.UserByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

// forEachWay runs a test for each way to add users, on each database.
func forEachWay(t *testing.T, test func(t *testing.T, url string, imported bool)) {
	t.Helper()
	for name, imported := range map[string]bool{"registered": false, "imported": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, url string) { test(t, url, imported) })
		})
	}
}

// change changes the database behind the back of auth-service.
func change(t *testing.T, url string, statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(url, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is done
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestARestoredBackUpGivesNoIDAgain is what happened: ada registers, a back-up is made, bob registers, the back-up is
// restored, eve registers and gets bob's id.
func TestARestoredBackUpGivesNoIDAgain(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{
		"two minutes later": 2 * time.Minute, "an hour later": time.Hour, "years later": 5 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared.OnEachEmpty(t, func(t *testing.T, url string) {
				born := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
				first := process(t, url, born)
				if got := register(t, first, "ada"); got != 1 {
					t.Errorf("the first user has the id %d", got)
				}
				stop(t, first)
				backUp := shared.Copy(t, url)
				lost := process(t, url, born.Add(after/2))
				given := map[int64]bool{1: true}
				for _, name := range []string{"bob", "bill", "ben"} {
					given[register(t, lost, name)] = true
				}
				stop(t, lost)
				for again := range 2 { // restored twice
					at := born.Add(after + time.Duration(again)*time.Minute)
					restored := process(t, shared.Copy(t, backUp), at)
					for _, name := range []string{"eve", "eva"} {
						id := register(t, restored, name)
						if given[id] || id >= 1<<53 {
							t.Errorf("%s has the id %d", name, id)
						}
						given[id] = true
					}
					stop(t, restored)
				}
			})
		})
	}
}

// TestADatabaseThatIsReplacedUnderARunningProcessGivesNoIDAgain: nobody has to remember to stop auth-service.
func TestADatabaseThatIsReplacedUnderARunningProcessGivesNoIDAgain(t *testing.T) {
	t.Parallel()
	const (
		forgetSQLite   = "update sqlite_sequence set seq = 1 where name = 'users'"
		forgetPostgres = "alter sequence users_id_seq restart with 2"
		loseBob        = "delete from users where id > 1"
	)
	for name, replace := range map[string]map[string][]string{
		"by a state from before its start": {
			"sqlite":   {loseBob, forgetSQLite, "update change_counter set epoch = epoch - 1"},
			"postgres": {loseBob, forgetPostgres, "update change_counter set epoch = epoch - 1"},
		},
		"by a state from after its start, table by table": {
			"postgres": {
				loseBob, forgetPostgres, "create table restored (like change_counter including all)",
				"insert into restored select * from change_counter", "drop table change_counter",
				"alter table restored rename to change_counter",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachWay(t, func(t *testing.T, url string, imported bool) {
				kind, _, _ := strings.Cut(url, ":")
				statements := replace[kind]
				if statements == nil {
					return
				}
				born := time.Date(2126, 11, 24, 12, 0, 0, 0, time.UTC)
				stop(t, process(t, url, born))
				db := process(t, url, born.Add(time.Hour))
				defer stop(t, db)
				before, err := db.ChangeCounter(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				change(t, url, "insert into users (id, username, password_hash, created_at) values (1, 'ada', 'h', "+map[string]string{
					"sqlite": "0", "postgres": "now()",
				}[kind]+")")
				bob := register(t, db, "bob")
				change(t, url, statements...)
				add := register
				if imported {
					add = importUser
				}
				if eve := add(t, db, "eve"); eve <= bob {
					t.Errorf("eve has the id %d, and bob had %d", eve, bob)
				}
				if after, err := db.ChangeCounter(t.Context()); err != nil || after.Epoch <= before.Epoch {
					t.Errorf("epoch %d after %d, %v", after.Epoch, before.Epoch, err)
				}
			})
		})
	}
}

// TestAReplacedDatabaseIsNoticedByTheFeedOfEachReplica: the gateways hear of it although nobody registers.
func TestAReplacedDatabaseIsNoticedByTheFeedOfEachReplica(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		at := time.Date(2126, 11, 24, 12, 0, 0, 0, time.UTC)
		replicas := []*store.Store{process(t, url, at), process(t, url, at)}
		epoch := func(db *store.Store) int64 {
			t.Helper()
			now, err := db.ChangeCounter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return now.Epoch
		}
		before := epoch(replicas[0])
		if got := epoch(replicas[1]); got != before {
			t.Errorf("the replicas are in the epochs %d and %d", before, got)
		}
		change(t, url, "update change_counter set epoch = 7")
		after := epoch(replicas[1])
		if after <= before {
			t.Errorf("epoch %d after %d", after, before)
		}
		if got := epoch(replicas[0]); got != after {
			t.Errorf("the replicas are in the epochs %d and %d", after, got)
		}
		for _, db := range replicas {
			stop(t, db)
		}
	})
}

func TestReplicasThatStartWhileUsersRegisterGiveEachIDOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		at := time.Date(2126, 11, 24, 12, 0, 0, 0, time.UTC)
		stop(t, process(t, url, at))
		running := process(t, url, at)
		var mu sync.Mutex
		given := map[int64]bool{}
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for n := range 25 {
					id := register(t, running, string(rune('a'+worker))+string(rune('a'+n)))
					mu.Lock()
					if given[id] {
						t.Errorf("%d was given twice", id)
					}
					given[id] = true
					mu.Unlock()
				}
			})
		}
		for n := range 5 {
			all.Go(func() { stop(t, process(t, url, at.Add(time.Duration(n)*time.Millisecond))) })
		}
		all.Wait()
		stop(t, running)
		if len(given) != 100 {
			t.Errorf("%d ids", len(given))
		}
	})
}

// TestAnUnusedDatabaseBeginsWithOne: existing clients compare the first responses whole, also where replicas start one
// after the other.
func TestAnUnusedDatabaseBeginsWithOne(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		born := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		stop(t, process(t, url, born))
		stop(t, process(t, url, born.Add(time.Minute)))
		db := process(t, url, born.Add(5*time.Minute))
		defer stop(t, db)
		for want := int64(1); want <= 3; want++ {
			if got := register(t, db, string(rune('a'+want))); got != want {
				t.Errorf("got the id %d, want %d", got, want)
			}
		}
	})
}

// TestAnInstallationFromBeforeEpochsGivesNoIDAgain: its back-up may be older than the upgrade.
func TestAnInstallationFromBeforeEpochsGivesNoIDAgain(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		const beforeEpochs = 112
		born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		migrateTo(t, url, beforeEpochs)
		created := "'2026-01-01T00:00:00Z'"
		if strings.HasPrefix(url, "sqlite") {
			created = strconv.FormatInt(born.UnixMicro(), 10)
		}
		change(t, url, "insert into users (username, password_hash, created_at) values ('ada', 'h', "+created+")")
		upgraded := process(t, url, born.Add(24*time.Hour))
		defer stop(t, upgraded)
		if got := register(t, upgraded, "bob"); got <= 1000 {
			t.Errorf("bob has the id %d, which a user who was lost may have had", got)
		}
	})
}
