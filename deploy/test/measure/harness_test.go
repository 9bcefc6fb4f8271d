//go:build measure

package measure_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// system is a cluster and a client of each of its gateways.
type system struct {
	*cluster.Cluster
	clients []*contract.Client
}

func start(t *testing.T, cfg cluster.Config) *system {
	t.Helper()
	s := &system{Cluster: cluster.Start(t, cfg)}
	for _, gateway := range s.Gateways {
		s.clients = append(s.clients, contract.NewClient(gateway.URL))
	}
	return s
}

// addr is the address of the first gateway, host:port.
func (s *system) addr() string {
	return strings.TrimPrefix(s.Gateways[0].URL, "http://")
}

// user is a user with a session.
type user struct {
	contract.Credentials
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
}

// register registers a user and signs in.
func (s *system) register(t *testing.T, name string) *user {
	t.Helper()
	u := &user{Credentials: contract.Credentials{Username: name, Password: "correct horse"}}
	if got, err := s.clients[0].Register(u.Credentials); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("register %s: got %d %s (%v), want 201", name, got.Status, got.Body, err)
	}
	s.signIn(t, u)
	return u
}

func (s *system) signIn(t *testing.T, u *user) {
	t.Helper()
	got, err := s.clients[0].Post("/token", u.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got.Body), u); err != nil || got.Status != http.StatusOK {
		t.Fatalf("sign in as %s: got %d %s, want 200", u.Username, got.Status, got.Body)
	}
}

// send calls with the user's token. Any other status than want ends the test.
func (u *user) send(t *testing.T, client *contract.Client, method, path string, body any, want int) {
	t.Helper()
	header := http.Header{"Authorization": {u.Token}}
	var text []byte
	if body != nil {
		header.Set("Content-Type", "application/json")
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := client.Do(method, path, header, text); err != nil || got.Status != want {
		t.Fatalf("%s %s as %s: got %d %s (%v), want %d", method, path, u.Username, got.Status, got.Body, err, want)
	}
}

func (u *user) logout(t *testing.T, client *contract.Client) {
	t.Helper()
	u.send(t, client, http.MethodPost, "/logout", nil, http.StatusNoContent)
}

func (u *user) changePassword(t *testing.T, client *contract.Client, next string) {
	t.Helper()
	body := map[string]string{"current_password": u.Password, "new_password": next}
	u.send(t, client, http.MethodPut, "/users/me/password", body, http.StatusNoContent)
	u.Password = next
}

// status is the status of /root with a token.
func status(client *contract.Client, token string) (int, error) {
	got, err := client.Root(token, "9", "0.5")
	return got.Status, err
}

// everywhere checks that every gateway responds to the token with this status.
func (s *system) everywhere(t *testing.T, when string, u *user, want int) {
	t.Helper()
	for i, client := range s.clients {
		if got, err := status(client, u.Token); err != nil || got != want {
			t.Errorf("%s: gateway %d: got %d (%v) for %s, want %d", when, i, got, err, u.Username, want)
		}
	}
}

// until401 calls until the token is refused and returns when the first refusal came.
func until401(t *testing.T, client *contract.Client, token string) time.Time {
	t.Helper()
	for deadline := time.Now().Add(testbed.Patience); ; {
		got, err := status(client, token)
		now := time.Now()
		switch {
		case err == nil && got == http.StatusUnauthorized:
			return now
		case err != nil || got != http.StatusOK:
			t.Errorf("on the way to 401: got %d (%v), want 200", got, err)
			return now
		case now.After(deadline):
			t.Errorf("still accepted after %s", testbed.Patience)
			return now
		}
	}
}

// detail is what a gateway's readiness page says about revocations.
func detail(t *testing.T, p *cluster.Process) string {
	t.Helper()
	got, err := contract.NewClient(p.PrivateURL).Do(http.MethodGet, "/readyz", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Detail map[string]string }
	if err := json.Unmarshal([]byte(got.Body), &page); err != nil {
		t.Fatalf("%v: %s", err, got.Body)
	}
	return page.Detail["revocations"]
}

// percentile of durations, which it sorts.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(float64(len(all))*p/100), len(all)-1)]
}

// spread describes how durations are distributed.
func spread(all []time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s, longest %s of %d", round(percentile(all, 50)), round(percentile(all, 99)),
		round(percentile(all, 100)), len(all))
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
