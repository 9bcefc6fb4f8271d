//go:build measure

package measure_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

const (
	// maxSignInP99 is the allowed 99th percentile of others' sign-ins and account calls while one client floods the database.
	maxSignInP99 = time.Second
	smallQuota   = 60
	outPatience  = 10 * time.Second // for a user who was disabled and is still served
)

// TestMeasureDatabaseFloods: one client sends as many as it can of the requests that wait for one row of the database.
func TestMeasureDatabaseFloods(t *testing.T) { //nolint:paralleltest // it measures time
	for _, on := range []struct {
		database string
		cfg      cluster.Config
	}{
		{"PostgreSQL", cluster.Config{Gateways: 3, Auths: 2, Postgres: true}},
		{"SQLite", cluster.Config{Gateways: 3}},
	} {
		t.Run(on.database, func(t *testing.T) {
			s := start(t, on.cfg)
			s.CreateAdmin(t, "root", "correct horse")
			admin := &user{Credentials: contract.Credentials{Username: "root", Password: "correct horse"}}
			s.signIn(t, admin)
			eve, leaver := s.register(t, "eve"), s.register(t, "leaver")
			refresh := call{Line: "POST /token/refresh", Body: `{"refresh_token":"` + eve.RefreshToken + `"}`}
			s.flooded(t, admin, on.database, "900 refreshes at once of one account", 900, refresh)
			// The session's id and 64 characters that stand for a secret and its seal.
			forged := eve.RefreshToken[:len(eve.RefreshToken)-64] + strings.Repeat("A", 56) + "{x}"
			s.flooded(t, admin, on.database, "1,600 forged refresh tokens of one session", 1600, call{Line: "POST /token/refresh", Body: `{"refresh_token":"` + forged + `"}`})
			s.flooded(t, admin, on.database, "600 sign-outs and ends of one session at once", 600,
				call{Line: "POST /logout", Fields: "Authorization: " + leaver.Token + "\r\n"},
				call{Line: "DELETE /users/me/sessions/" + s.session(t, eve), Fields: "Authorization: " + eve.Token + "\r\n"})
		})
	}
}

// session is the id of one of the user's sessions that is not the token's own.
func (s *system) session(t *testing.T, u *user) string {
	t.Helper()
	other := &user{Credentials: u.Credentials}
	s.signIn(t, other)
	s.signIn(t, u)
	got, err := s.clients[0].Do(http.MethodGet, "/users/me/sessions", http.Header{"Authorization": {u.Token}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Sessions []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil || len(body.Sessions) == 0 {
		t.Fatalf("%v: %s", err, got.Body)
	}
	for _, session := range body.Sessions {
		if !session.Current {
			return session.ID
		}
	}
	t.Fatalf("no other session: %s", got.Body)
	return ""
}

// flooded floods one gateway. Meanwhile others call, users are disabled one after the other, and one uses up a small quota.
func (s *system) flooded(t *testing.T, admin *user, database, what string, conns int, calls ...call) {
	t.Helper()
	mark := fmt.Sprintf("%s-%d", strings.ToLower(database), conns)
	o := newOthers(s.Gateways[1].URL, s.register(t, "other-"+mark), "")
	var leaving []*user
	disable := map[*user]func() error{}
	for i := range 8 {
		leaving = append(leaving, s.register(t, fmt.Sprintf("leaving-%d-%s", i, mark)))
		s.everywhere(t, "before", leaving[i], http.StatusOK)
		disable[leaving[i]] = s.edit(t, admin, leaving[i], `{"disabled":true}`)
	}
	bounded := s.register(t, "bounded-"+mark)
	if err := s.edit(t, admin, bounded, `{"monthly_quota":`+fmt.Sprint(smallQuota)+`}`)(); err != nil {
		t.Fatal(err)
	}

	end := time.Now().Add(floodTime)
	wait := attack{Addr: s.addr(), Conns: conns, Ramp: time.Second, For: floodTime, Calls: calls}.start(t)
	var (
		meanwhile sync.WaitGroup
		delays    []time.Duration
		passed    int64
	)
	meanwhile.Go(func() { delays = s.disableAll(t, leaving, disable, end) })
	meanwhile.Go(func() { passed = s.useUp(bounded, end) })
	suffered := o.call(pace{Root: 20 * time.Millisecond, SignIn: 300 * time.Millisecond, Account: 100 * time.Millisecond}, end)
	meanwhile.Wait()
	seen := wait()
	found(t, fmt.Sprintf("%s, on %s", what, database),
		"disabled users out at 3 gateways p99 ≤ 1 s; sign-ins and account calls p99 ≤ 1 s, none fails; a quota of 60 is never passed",
		fmt.Sprintf("out: %s; %s; %d calls within the quota; the client saw %s", spread(delays), suffered, passed, seen))
	if p99 := percentile(delays, 99); p99 > promised || len(delays) == 0 {
		t.Errorf("disabled users are out after %s, want at most %s", p99, promised)
	}
	if passed > smallQuota {
		t.Errorf("%d calls passed a quota of %d", passed, smallQuota)
	}
	suffered.within(t, map[string]time.Duration{"`/root`": maxRootP99, "sign-in": maxSignInP99, "account call": maxSignInP99})
}

// idOf is the id of a user.
func (s *system) idOf(t *testing.T, u *user) int64 {
	t.Helper()
	got, err := s.clients[0].Register(u.Credentials) // says the id of a user who is there
	var known struct {
		ID int64 `json:"user_id"`
	}
	if err != nil || json.Unmarshal([]byte(got.Body), &known) != nil || known.ID == 0 {
		t.Fatalf("the id of %s: got %d %s (%v)", u.Username, got.Status, got.Body, err)
	}
	return known.ID
}

// edit returns a function with which an administrator changes a user.
func (s *system) edit(t *testing.T, admin, u *user, body string) func() error {
	t.Helper()
	id := s.idOf(t, u)
	header := http.Header{"Authorization": {admin.Token}, "Content-Type": {"application/json"}}
	return func() error {
		got, err := s.clients[len(s.clients)-1].Do(http.MethodPatch, fmt.Sprintf("/admin/users/%d", id), header, []byte(body))
		if err == nil && got.Status != http.StatusOK {
			err = fmt.Errorf("got %d %s, want 200", got.Status, got.Body)
		}
		return err
	}
}

// disableAll disables the users by turns until the end. It returns how long each was served by each gateway after that. Who
// could not be disabled counts as served for outPatience.
func (s *system) disableAll(t *testing.T, all []*user, disable map[*user]func() error, end time.Time) []time.Duration {
	t.Helper()
	var (
		mu     sync.Mutex
		delays []time.Duration
	)
	gap := time.NewTicker(time.Until(end) / time.Duration(len(all)+1))
	defer gap.Stop()
	for _, u := range all {
		<-gap.C
		if time.Now().After(end) {
			break
		}
		if err := disable[u](); err != nil {
			t.Errorf("disable %s: %v", u.Username, err)
			delays = append(delays, outPatience)
			continue
		}
		disabled := time.Now()
		var gateways sync.WaitGroup
		for _, client := range s.clients {
			gateways.Go(func() {
				took := outAfter(client, u.Token, disabled)
				mu.Lock()
				defer mu.Unlock()
				delays = append(delays, took)
			})
		}
		gateways.Wait()
	}
	return delays
}

// outAfter calls until the token is refused, and returns how long that took since. It gives up after outPatience.
func outAfter(client *contract.Client, token string, since time.Time) time.Duration {
	for time.Since(since) < outPatience {
		if got, err := status(client, token); err == nil && got == http.StatusUnauthorized {
			return time.Since(since)
		}
	}
	return outPatience
}

// useUp calls through every gateway at once until the end, and returns how many calls passed.
func (s *system) useUp(u *user, end time.Time) int64 {
	var (
		passed atomic.Int64
		calls  sync.WaitGroup
	)
	for _, client := range s.clients {
		for range 2 {
			calls.Go(func() {
				for tick := time.NewTicker(50 * time.Millisecond); time.Now().Before(end); <-tick.C {
					if got, err := status(client, u.Token); err == nil && got == http.StatusOK {
						passed.Add(1)
					}
				}
			})
		}
	}
	calls.Wait()
	return passed.Load()
}
