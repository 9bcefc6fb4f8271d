//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// change is one that every gateway has to hear of.
type change struct {
	secret        string // calls with this token or key show whether the change is in force
	path          string
	before, after int // the statuses of such calls
	// make makes the change, and returns when it has to be in force at the earliest.
	make func() (time.Time, error)
}

// changing is a cluster whose users are changed.
type changing struct {
	*system

	admin string // the administrator's token
	users []*user
	ids   []int64
}

// TestMeasureChanges: how soon changes are in force at every gateway.
func TestMeasureChanges(t *testing.T) { //nolint:paralleltest // it measures time
	cfg := replicated()
	cfg.Auth = append(cfg.Auth, "KEYS_PER_USER=1000")
	cfg.Routes = func(mathURL string) string {
		return fmt.Sprintf("routes:\n  - {name: analysts, path: /analysts, upstream: %q, strip_prefix: true, forward_token: true, roles: [analyst]}\n", mathURL)
	}
	s := &changing{system: start(t, cfg)}
	s.CreateAdmin(t, "root", "correct horse")
	s.admin = s.clients[0].Token(t, contract.Credentials{Username: "root", Password: "correct horse"})
	for _, name := range []string{"ada", "eve"} {
		u := s.register(t, name)
		s.users, s.ids = append(s.users, u), append(s.ids, s.idOf(t, u))
	}
	t.Run("a revoked key", func(t *testing.T) {
		s.inForce(t, "revoking a key", func(worker, i int) change { return s.revoking(t, s.users[worker], i) })
	})
	t.Run("a rotated key", func(t *testing.T) {
		s.inForce(t, "rotating a key", func(worker, i int) change { return s.rotating(t, s.users[worker], i) })
	})
	t.Run("an expired key", func(t *testing.T) {
		s.inForce(t, "an expiry of a key 0.2 s ahead", func(worker, _ int) change { return s.expiring(t, s.users[worker]) })
	})
	t.Run("a changed role", func(t *testing.T) {
		s.inForce(t, "giving or taking a role", func(worker, i int) change {
			roles := map[string]any{"roles": [][]string{{"analyst"}, {}}[i%2]}
			return toggled(s.users[worker], "/analysts"+rootPath, i, http.StatusForbidden, http.StatusOK, func() error { return s.edit(worker, roles) })
		})
	})
	t.Run("another plan", s.measurePlans)
	t.Run("a changed plan", s.measureChangedPlans)
	t.Run("questions", func(t *testing.T) { s.countQuestions(t, s.users[0]) })
}

// edit changes a user.
func (s *changing) edit(worker int, body map[string]any) error {
	return s.clients[1].Call(s.admin, http.MethodPatch, fmt.Sprintf("/admin/users/%d", s.ids[worker]), body, nil, http.StatusOK)
}

// plan sets the monthly quota of a plan: 201 if it is new, else 200.
func (s *changing) plan(name string, quota any, want int) error {
	return s.clients[1].Call(s.admin, http.MethodPut, "/admin/plans/"+name, map[string]any{"requests_per_month": quota}, nil, want)
}

// measurePlans gives users a plan without any calls, and takes it away again.
func (s *changing) measurePlans(t *testing.T) {
	if err := s.plan("shut", 0, http.StatusCreated); err != nil {
		t.Fatal(err)
	}
	s.inForce(t, "giving a user another plan", func(worker, i int) change {
		plan := map[string]any{"plan": []any{"shut", nil}[i%2]}
		return toggled(s.users[worker], rootPath, i, http.StatusOK, http.StatusTooManyRequests, func() error { return s.edit(worker, plan) })
	})
}

// measureChangedPlans changes the quota of the plan that a user has.
func (s *changing) measureChangedPlans(t *testing.T) {
	for worker := range s.users {
		name := fmt.Sprint("plan-", worker)
		if err := s.plan(name, nil, http.StatusCreated); err != nil {
			t.Fatal(err)
		}
		if err := s.edit(worker, map[string]any{"plan": name}); err != nil {
			t.Fatal(err)
		}
	}
	s.inForce(t, "changing a plan", func(worker, i int) change {
		quota := []any{0, nil}[i%2]
		return toggled(s.users[worker], rootPath, i, http.StatusOK, http.StatusTooManyRequests, func() error {
			return s.plan(fmt.Sprint("plan-", worker), quota, http.StatusOK)
		})
	})
}

// toggled is a change that is undone by the next one.
func toggled(u *user, path string, i, before, after int, do func() error) change {
	if i%2 == 1 {
		before, after = after, before
	}
	return change{u.Token, path, before, after, func() (time.Time, error) { err := do(); return time.Now(), err }}
}

func (s *system) newKey(t *testing.T, u *user) contract.Key {
	t.Helper()
	key, err := s.clients[0].NewKey(u.Token, map[string]any{"name": "a script"})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *system) revoking(t *testing.T, u *user, i int) change {
	t.Helper()
	key := s.newKey(t, u)
	return change{key.Secret, rootPath, http.StatusOK, http.StatusUnauthorized, func() (time.Time, error) {
		err := s.clients[i%len(s.clients)].RevokeKey(u.Token, key.ID)
		return time.Now(), err
	}}
}

func (s *system) rotating(t *testing.T, u *user, i int) change {
	t.Helper()
	key := s.newKey(t, u)
	return change{key.Secret, rootPath, http.StatusOK, http.StatusUnauthorized, func() (time.Time, error) {
		_, err := s.clients[i%len(s.clients)].RotateKey(u.Token, key.ID, 0)
		return time.Now(), err
	}}
}

// expiring lets a key expire so soon that gateways have to hear of it in time.
func (s *system) expiring(t *testing.T, u *user) change {
	t.Helper()
	key := s.newKey(t, u)
	return change{key.Secret, rootPath, http.StatusOK, http.StatusUnauthorized, func() (time.Time, error) {
		expires := time.Now().Add(200 * time.Millisecond)
		err := s.clients[0].EditKey(u.Token, key.ID, map[string]any{"expires_at": expires.UTC().Format(time.RFC3339Nano)})
		if now := time.Now(); now.After(expires) {
			expires = now
		}
		return expires, err
	}}
}

// inForce makes 200 changes, by two users at once, and measures when each gateway shows them.
func (s *system) inForce(t *testing.T, what string, next func(worker, i int) change) {
	t.Helper()
	const changes, atOnce = 200, 2
	var (
		mu      sync.Mutex
		delays  []time.Duration
		workers sync.WaitGroup
	)
	for w := range atOnce {
		workers.Go(func() {
			for i := range changes / atOnce {
				c := next(w, i)
				for _, client := range s.clients {
					until(t, client, c.secret, c.path, c.before, c.before)
				}
				since, err := c.make()
				if err != nil {
					t.Error(err)
					return
				}
				var waiting sync.WaitGroup
				for _, client := range s.clients {
					waiting.Go(func() {
						took := max(0, until(t, client, c.secret, c.path, c.before, c.after).Sub(since))
						mu.Lock()
						defer mu.Unlock()
						delays = append(delays, took)
					})
				}
				waiting.Wait()
			}
		})
	}
	workers.Wait()
	t.Logf("figure: %s, %d times, in force at each of %d gateways: %s", what, changes, len(s.clients), spread(delays))
	if p99 := percentile(delays, 99); p99 > promised {
		t.Errorf("p99 is %s, want at most %s", p99, promised)
	}
}

// until calls until the status is the one that is awaited, and returns when that came. Until then it has to be before.
func until(t *testing.T, client *contract.Client, secret, path string, before, awaited int) time.Time {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + secret}}
	for deadline := time.Now().Add(testbed.Patience); ; {
		got, err := client.Do(http.MethodGet, path, header, nil)
		now := time.Now()
		switch {
		case err == nil && got.Status == awaited:
			return now
		case err != nil || got.Status != before:
			t.Errorf("on the way to %d: got %d %s (%v), want %d", awaited, got.Status, got.Body, err, before)
			return now
		case now.After(deadline):
			t.Errorf("still %d after %s", before, testbed.Patience)
			return now
		}
	}
}

// countQuestions: ten thousand calls with a key are one question of each gateway.
func (s *system) countQuestions(t *testing.T, u *user) {
	t.Helper()
	const calls, atOnce = 10_000, 16
	key := s.newKey(t, u)
	before := questions(t, s.Cluster)
	var callers sync.WaitGroup
	for range atOnce {
		callers.Go(func() {
			for i := range calls / atOnce {
				until(t, s.clients[i%len(s.clients)], key.Secret, rootPath, http.StatusOK, http.StatusOK)
			}
		})
	}
	callers.Wait()
	asked := questions(t, s.Cluster) - before
	t.Logf("figure: questions about a key for %d calls at %d gateways: %.0f", calls, len(s.clients), asked)
	if int(asked) != len(s.clients) {
		t.Errorf("%v questions, want one for each gateway", asked)
	}
}

// questions is how often gateways have asked auth-service about keys.
func questions(t *testing.T, c *cluster.Cluster) (n float64) {
	t.Helper()
	for _, p := range c.Auths {
		n += p.Metric(t, "http_server_request_duration_seconds_count", `http_route="/internal/keys"`)
	}
	return n
}
