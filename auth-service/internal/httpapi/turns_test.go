package httpapi_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// holdEverybody locks the rows of all users until release, as calls of another replica do. SQLite has one lock for all
// writers.
func holdEverybody(t *testing.T, url string) (release func()) {
	t.Helper()
	driver, statements := "sqlite", []string{"begin immediate"}
	if strings.HasPrefix(url, "postgres") {
		driver, statements = "pgx", []string{"begin", "select 1 from users for update", "select 1 from sessions for update"}
	}
	db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return sync.OnceFunc(func() {
		_, err := conn.ExecContext(context.WithoutCancel(t.Context()), "rollback")
		if err := errors.Join(err, conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
}

// forged is a refresh token of the same session that was never issued.
func forged(t *testing.T, issued string) signedIn {
	t.Helper()
	at := len(issued) - 40
	other := byte('A')
	if issued[at] == other {
		other = 'B'
	}
	return signedIn{RefreshToken: issued[:at] + string(other) + issued[at+1:]}
}

func TestAForgedOrReplayedRefreshTokenNeverWaitsForALock(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		parent := s.user(t, "ada")
		child := read[signedIn](t, s.refresh(parent))
		if !s.works(child.Token) { // its first use is written down
			t.Error("the access token does not work")
		}
		release := holdEverybody(t, url)
		defer release()
		var flood sync.WaitGroup
		for range 200 {
			flood.Go(func() { wantRefused(t, s.refresh(forged(t, child.RefreshToken))) })
		}
		flood.Wait()
		if again := read[signedIn](t, s.refresh(parent)); again.RefreshToken != child.RefreshToken {
			t.Error("the replay got another child")
		}
		if !s.works(child.Token) {
			t.Error("the access token does not work")
		}
		release()
		if got := s.refresh(child); got.status != 200 {
			t.Errorf("the session ended: got %d %s", got.status, got.body)
		}
	})
}

// unknownSession is the id of no session.
func unknownSession(n int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%016d", n))
}

func TestAFloodOfRefreshesLeavesOthersAloneAndIsRefusedPastItsBound(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		eve := s.user(t, "eve")
		var ada []signedIn
		for range 3 {
			if len(ada) == 0 {
				ada = append(ada, s.user(t, "ada"))
				continue
			}
			ada = append(ada, s.signIn(t, "ada", "123456"))
		}
		release := holdEverybody(t, url)
		defer release()
		const calls, past = 200, 200 - 129
		ended := make(chan response, calls)
		for n := range calls {
			go func() {
				if n%3 == 0 {
					ended <- s.do(call{method: "DELETE", path: "/users/me/sessions/" + unknownSession(n), token: ada[0].Token})
					return
				}
				ended <- s.refresh(ada[n%3])
			}()
		}
		for range past {
			got := <-ended
			if got.status != 429 || got.header.Get("Retry-After") == "" || got.header.Get("RateLimit") == "" ||
				!strings.Contains(got.body, "/problems/too-many-at-once") {
				t.Fatalf("past the bound: got %d %v %s", got.status, got.header, got.body)
			}
		}
		if !s.works(eve.Token) {
			t.Error("another user's account call does not work")
		}
		for _, path := range []string{"/internal/users/1", "/internal/changes?after=0"} {
			if got := s.do(call{path: path, token: s.internal}); got.status != 200 {
				t.Errorf("%s: got %d %s", path, got.status, got.body)
			}
		}
		release()
		for range calls - past {
			if got := <-ended; got.status != 200 && got.status != 404 {
				t.Errorf("got %d %s", got.status, got.body)
			}
		}
		if got := s.refresh(eve); got.status != 200 {
			t.Errorf("afterwards: got %d %s", got.status, got.body)
		}
	})
}

func TestAHundredRegistrationsOfOneNameNeedOneHash(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, workers: 1, waiting: 1}) // two places: a third hash would be refused
		var all sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 100 {
			all.Go(func() {
				got := s.do(call{method: "POST", path: "/users/register", body: credentials("ada", "123456")})
				mu.Lock()
				defer mu.Unlock()
				statuses[got.status]++
			})
		}
		all.Wait()
		if statuses[201] != 1 || statuses[200] != 99 {
			t.Errorf("got %v, want one 201 and 99 times 200", statuses)
		}
	})
}
