//go:build chaos

package measure_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// cheap makes passwords cost little where they are not what is measured.
func cheap() []string { return []string{"ARGON2_MEMORY_KIB=7168", "ARGON2_PASSES=1"} }

// site is a cluster and a client of each of its gateways.
type site struct {
	*cluster.Cluster
	doors []*contract.Client
}

func start(t *testing.T, cfg cluster.Config) *site {
	t.Helper()
	s := &site{Cluster: cluster.Start(t, cfg)}
	for _, gateway := range s.Gateways {
		s.doors = append(s.doors, contract.NewClient(gateway.URL))
	}
	return s
}

// visitor is a user with a session.
type visitor struct {
	contract.Credentials
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
}

// register registers a user and signs in.
func (s *site) register(t *testing.T, name string) *visitor {
	t.Helper()
	v := &visitor{Credentials: contract.Credentials{Username: name, Password: "correct horse"}}
	if got, err := s.doors[0].Register(v.Credentials); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("register %s: got %d %s (%v), want 201", name, got.Status, got.Body, err)
	}
	s.signIn(t, v)
	return v
}

func (s *site) signIn(t *testing.T, v *visitor) {
	t.Helper()
	got, err := s.doors[0].Post("/token", v.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got.Body), v); err != nil || got.Status != http.StatusOK {
		t.Fatalf("sign in as %s: got %d %s, want 200", v.Username, got.Status, got.Body)
	}
}

// send calls with the visitor's token and wants a status.
func (v *visitor) send(t *testing.T, door *contract.Client, method, path string, body any, want int) {
	t.Helper()
	header := http.Header{"Authorization": {v.Token}}
	var text []byte
	if body != nil {
		header.Set("Content-Type", "application/json")
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := door.Do(method, path, header, text); err != nil || got.Status != want {
		t.Fatalf("%s %s as %s: got %d %s (%v), want %d", method, path, v.Username, got.Status, got.Body, err, want)
	}
}

func (v *visitor) logout(t *testing.T, door *contract.Client) {
	t.Helper()
	v.send(t, door, http.MethodPost, "/logout", nil, http.StatusNoContent)
}

func (v *visitor) changePassword(t *testing.T, door *contract.Client, next string) {
	t.Helper()
	body := map[string]string{"current_password": v.Password, "new_password": next}
	v.send(t, door, http.MethodPut, "/users/me/password", body, http.StatusNoContent)
	v.Password = next
}

// status is what /root says to a token.
func status(door *contract.Client, token string) (int, error) {
	got, err := door.Root(token, "9", "0.5")
	return got.Status, err
}

// everywhere wants a status for a token at every gateway, now.
func (s *site) everywhere(t *testing.T, when string, v *visitor, want int) {
	t.Helper()
	for i, door := range s.doors {
		if got, err := status(door, v.Token); err != nil || got != want {
			t.Errorf("%s: gateway %d says %d (%v) to %s, want %d", when, i, got, err, v.Username, want)
		}
	}
}

// until401 calls until the token is refused and returns when the first refusal came.
func until401(t *testing.T, door *contract.Client, token string) time.Time {
	t.Helper()
	for deadline := time.Now().Add(testbed.Patience); ; {
		got, err := status(door, token)
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

// metric is the sum of a process's samples of a metric whose labels hold the text.
func metric(t *testing.T, p *cluster.Process, name, labels string) float64 {
	t.Helper()
	got, err := contract.NewClient(p.PrivateURL).Do(http.MethodGet, "/metrics", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for lines := bufio.NewScanner(strings.NewReader(got.Body)); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		if !strings.Contains(lines.Text(), "{") {
			series, value, _ = strings.Cut(lines.Text(), " ")
		}
		if base, _, _ := strings.Cut(series, "{"); base == name && strings.Contains(series, labels) {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			sum += number
		}
	}
	return sum
}

// detail is what a gateway's readiness page says of revocations.
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

// spread says how durations are distributed.
func spread(all []time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s, longest %s of %d", round(percentile(all, 50)), round(percentile(all, 99)),
		round(percentile(all, 100)), len(all))
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
