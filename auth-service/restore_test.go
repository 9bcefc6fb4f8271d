package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/kit/internalapi"
)

// load is users who register and usage that is delivered until it ends, and what was acknowledged of it.
type load struct {
	mu       sync.Mutex
	users    []string
	lastID   int64
	batches  int
	end      chan struct{}
	all      sync.WaitGroup
	problems []string
}

func startLoad(t *testing.T, r running) *load {
	t.Helper()
	l := &load{end: make(chan struct{})}
	bearer, err := internalapi.NewBearer(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	repeat := func(do func(n int) error) {
		l.all.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-l.end:
					return
				default:
				}
				if err := do(n); err != nil {
					l.mu.Lock()
					l.problems = append(l.problems, err.Error())
					l.mu.Unlock()
					return
				}
			}
		})
	}
	for worker := range 2 {
		repeat(func(n int) error {
			name := fmt.Sprintf("user-%d-%d", worker, n)
			var user struct {
				ID int64 `json:"user_id"`
			}
			err := post(r.url+"/users/register", "", fmt.Sprintf(`{"username":%q,"password":"123456"}`, name), http.StatusCreated, &user)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.users, l.lastID = append(l.users, name), max(l.lastID, user.ID)
			return err
		})
	}
	hour := time.Now().UTC().Truncate(time.Hour).Format(time.RFC3339)
	repeat(func(n int) error {
		err := post(r.private+"/internal/usage", bearer.Header(), fmt.Sprintf(
			`{"gateway":"g1","sequence":%d,"rows":[{"user_id":1,"route":"files","hour":%q,"requests":3,"client_errors":1,"server_errors":0,`+
				`"rate_limited":0,"bytes_in":5,"bytes_out":7}]}`, n, hour), http.StatusNoContent, nil)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.batches = n
		return err
	})
	return l
}

// post sends JSON. It may be called in any goroutine.
func post(url, authorization, body string, want int, result any) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		return fmt.Errorf("%s: got %d %s, %w", url, resp.StatusCode, text, err)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// acknowledged is what is sure to be kept.
func (l *load) acknowledged() (users []string, batches int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.users...), l.batches
}

func (l *load) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.problems) > 0
}

func (l *load) stop(t *testing.T) (lastID int64) {
	t.Helper()
	close(l.end)
	l.all.Wait()
	for _, p := range l.problems {
		t.Error(p)
	}
	return l.lastID
}

func TestABackUpUnderLoadHasAllThatWasAcknowledgedBefore(t *testing.T) {
	t.Parallel()
	vars, file := settings(t), filepath.Join(t.TempDir(), "tallygate.bak")
	vars["GUESS_FREE_PER_NAME"] = "1000"
	path := databaseOf(vars)
	first := start(t, vars)
	waitUntil(t, "ready", func() bool { return first.ready(t) })
	const ada = `{"username":"ada","password":"123456"}`
	if status, body := send(t, http.MethodPost, first.url+"/users/register", "", ada); status != http.StatusCreated {
		t.Fatal(body)
	}
	token := first.signIn(t, ada)
	l := startLoad(t, first)
	reached := func(want int) func() bool {
		return func() bool { users, batches := l.acknowledged(); return len(users) >= want && batches >= want }
	}
	waitUntil(t, "load", func() bool { return reached(20)() || l.failed() })
	users, batches := l.acknowledged()
	wantChild(t, vars, 0, "The ledger in it agrees.", "backup", file)
	more, _ := l.acknowledged()
	waitUntil(t, "load after the back-up", func() bool { return reached(len(more)+5)() || l.failed() })
	lastID := l.stop(t)
	epoch := query[int64](t, path, "select epoch from change_counter")
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}

	wantChild(t, vars, 0, "is restored", "restore", file)
	if got := query[int64](t, path, "select epoch from change_counter"); got <= epoch {
		t.Errorf("epoch %d after %d", got, epoch)
	}
	for _, name := range users {
		if query[int](t, path, "select count(*) from users where username = '"+name+"'") != 1 {
			t.Errorf("%s is not in the back-up", name)
		}
	}
	if got := query[int](t, path, "select sum(requests) from usage_gateways"); got < 3*batches {
		t.Errorf("%d calls of at least %d", got, 3*batches)
	}
	wantChild(t, vars, 0, "The ledger agrees", "ledger", "verify")
	second := start(t, vars)
	waitUntil(t, "ready again", func() bool { return second.ready(t) })
	if status, body := send(t, http.MethodGet, second.url+"/users/me", "Bearer "+token, ""); status != http.StatusOK {
		t.Errorf("the old token: got %d %s", status, body)
	}
	var eve struct {
		ID int64 `json:"user_id"`
	}
	if err := post(second.url+"/users/register", "", `{"username":"eve","password":"123456"}`, http.StatusCreated, &eve); err != nil || lastID == 0 || eve.ID <= lastID {
		t.Errorf("eve has the id %d, and %d was given, %v", eve.ID, lastID, err)
	}
}

func TestNoRestoreOverARunningService(t *testing.T) {
	t.Parallel()
	vars, file := withRoot(t), filepath.Join(t.TempDir(), "tallygate.bak")
	wantChild(t, vars, 0, "1 users", "backup", file)
	r := start(t, vars)
	waitUntil(t, "ready", func() bool { return r.ready(t) })
	const ada = `{"username":"ada","password":"123456"}`
	if status, body := send(t, http.MethodPost, r.url+"/users/register", "", ada); status != http.StatusCreated {
		t.Fatal(body)
	}
	wantChild(t, vars, 1, "is in use: stop auth-service first; nothing was restored", "restore", file)
	r.signIn(t, ada)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	wantChild(t, vars, 0, "is restored", "restore", file)
	if got := query[int](t, databaseOf(vars), "select count(*) from users"); got != 1 {
		t.Errorf("%d users", got)
	}
}

func TestWhatIsNoBackUpIsNotRestored(t *testing.T) {
	t.Parallel()
	vars, folder := withRoot(t), t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	wantChild(t, vars, 0, "1 users", "backup", file("good"))
	good := read(t, file("good"))
	write(t, file("rubbish"), []byte(strings.Repeat("rubbish", 10000)))
	write(t, file("empty"), nil)
	write(t, file("half"), good[:len(good)/2/4096*4096])
	write(t, file("newer"), good)
	alter(t, file("newer"), "insert into goose_db_version (version_id, is_applied) values (99999, true)")
	alter(t, file("other"), "create table users (id integer)")
	before := read(t, databaseOf(vars))
	for name, says := range map[string]string{
		file("rubbish"): "is no SQLite file", file("empty"): "is no SQLite file", file("missing"): "no such file",
		file("half"): "is damaged", file("newer"): "is from a newer version: its schema is 99999", file("other"): "is a database of another program",
		databaseOf(vars): "is the database itself",
	} {
		wantChild(t, vars, 1, says, "restore", name)
	}
	if !bytes.Equal(read(t, databaseOf(vars)), before) {
		t.Error("the database was changed")
	}
	if names := namesIn(t, filepath.Dir(databaseOf(vars))); len(names) != 1 {
		t.Errorf("beside the database are %v", names)
	}
}

// oldLog returns a back-up with root, and a log of the same database in which ada was added.
func oldLog(t *testing.T) (vars map[string]string, file string, log []byte) {
	t.Helper()
	vars, file = withRoot(t), filepath.Join(t.TempDir(), "tallygate.bak")
	wantChild(t, vars, 0, "1 users", "backup", file)
	r := start(t, vars)
	waitUntil(t, "ready", func() bool { return r.ready(t) })
	if status, body := send(t, http.MethodPost, r.url+"/users/register", "", `{"username":"ada","password":"123456"}`); status != http.StatusCreated {
		t.Fatal(body)
	}
	log = read(t, databaseOf(vars)+"-wal")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if len(log) == 0 {
		t.Fatal("there is no log")
	}
	return vars, file, log
}

func TestAnOldLogIsNotAppliedToWhatIsRestored(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"the database is there": false, "the database is lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars, file, log := oldLog(t)
			path := databaseOf(vars)
			write(t, path+"-wal", log)
			if lost {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			wantChild(t, vars, 0, "The database that was there is now "+path+".replaced-", "restore", file)
			kept, err := filepath.Glob(path + ".replaced-*-wal")
			if err != nil || len(kept) != 1 || !bytes.Equal(read(t, kept[0]), log) {
				t.Errorf("kept is %v, %v", kept, err)
			}
			if got := query[int](t, path, "select count(*) from users"); got != 1 {
				t.Errorf("%d users, want root alone", got)
			}
			wantChild(t, vars, 0, "The ledger agrees", "ledger", "verify")
			if lost {
				return
			}
			wantChild(t, vars, 0, "is restored", "restore", strings.TrimSuffix(kept[0], "-wal")) // and back
		})
	}
}

func TestNoStartBesideTheLogOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	vars, file, log := oldLog(t)
	path := databaseOf(vars)
	write(t, path+"-wal", log)
	for what, put := range map[string]func(){
		"a back-up that was copied": func() { write(t, path, read(t, file)) },
		"an empty file":             func() { write(t, path, nil) },
		"no file":                   func() { _ = os.Remove(path) },
	} {
		put()
		err := run(t.Context(), lookup(vars), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "is the log of another database") {
			t.Errorf("%s: got %v", what, err)
		}
		wantChild(t, vars, 1, "", "backup", file+".second")
		if !bytes.Equal(read(t, path+"-wal"), log) {
			t.Errorf("%s: the log was changed", what)
		}
	}
}
