//go:build measure

package measure_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
)

// measureResets: 200 users whose password an administrator resets are out at every gateway as soon as they have used the token.
func (s *system) measureResets(t *testing.T) {
	const resets, atOnce = 200, 2
	s.CreateAdmin(t, "root", "correct horse")
	admin := &user{Credentials: contract.Credentials{Username: "root", Password: "correct horse"}}
	s.signIn(t, admin)
	var (
		mu      sync.Mutex
		delays  []time.Duration
		workers sync.WaitGroup
	)
	for w := range atOnce {
		u := s.register(t, fmt.Sprintf("forgetful%d", w))
		id := s.idOf(t, u)
		workers.Go(func() {
			for i := range resets / atOnce {
				before := *u
				s.everywhere(t, "before", &before, http.StatusOK)
				token := s.reset(t, admin, id)
				u.Password = fmt.Sprintf("correct horse %d", i)
				used := s.useReset(t, s.clients[i%len(s.clients)], token, u.Password)
				var waiting sync.WaitGroup
				for _, client := range s.clients {
					waiting.Go(func() {
						took := until401(t, client, before.Token).Sub(used)
						mu.Lock()
						defer mu.Unlock()
						delays = append(delays, took)
					})
				}
				waiting.Wait()
				s.signIn(t, u)
			}
		})
	}
	workers.Wait()
	t.Logf("figure: from the 204 of /users/password to the first 401 at each of %d gateways: %s", len(s.clients), spread(delays))
	if p99 := percentile(delays, 99); p99 > promised {
		t.Errorf("p99 is %s, want at most %s", p99, promised)
	}
}

// reset makes a reset token as the administrator.
func (s *system) reset(t *testing.T, admin *user, id int64) string {
	t.Helper()
	got, err := s.clients[0].Do(http.MethodPost, fmt.Sprintf("/admin/users/%d/reset", id), http.Header{"Authorization": {admin.Token}}, nil)
	var made struct {
		Token string `json:"reset_token"`
	}
	if err != nil || json.Unmarshal([]byte(got.Body), &made) != nil || got.Status != http.StatusCreated {
		t.Errorf("reset: got %d %s (%v), want 201", got.Status, got.Body, err)
	}
	return made.Token
}

// useReset sets a password, and returns when the 204 had come.
func (s *system) useReset(t *testing.T, client *contract.Client, token, password string) time.Time {
	t.Helper()
	got, err := client.Post("/users/password", map[string]string{"reset_token": token, "new_password": password})
	if err != nil || got.Status != http.StatusNoContent {
		t.Errorf("use of a reset token: got %d %s (%v), want 204", got.Status, got.Body, err)
	}
	return time.Now()
}
