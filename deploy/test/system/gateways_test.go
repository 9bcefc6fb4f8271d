package system_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// systemState is what the test reads of GET /admin/system.
type systemState struct {
	Gateways  []gatewayState
	Upstreams []struct {
		Gateway, Route string
		Replicas       []struct {
			Address, State string
			Reason         *struct{ Code, Message string }
			CheckedAt      *time.Time `json:"checked_at"`
		}
		P50 *float64 `json:"p50_seconds"`
	}
	Ledger struct {
		Lag *float64 `json:"lag_seconds"`
	}
}

type gatewayState struct {
	ID, Name, Version string
	Seen              bool
	FeedAge           *float64                 `json:"feed_age_seconds"`
	LastMinute        struct{ Requests int64 } `json:"last_minute"`
	LastError         *struct{ Code string }   `json:"last_error"`
}

func TestAdministratorsSeeEveryGatewayAndItsUpstreams(t *testing.T) {
	t.Parallel()
	nobody := testbed.FreeAddress(t)
	c := cluster.Start(t, cluster.Config{Gateways: 2, Auth: cluster.CheapPasswords(), Routes: func(math string) string {
		return fmt.Sprintf(`routes:
- {name: search, path: /search, upstream: [%q, %q]}
- {name: misread, path: /misread, upstream: %q, health: /nothing-is-here}
`, math, "http://"+nobody, math)
	}})
	client := contract.NewClient(c.Gateways[1].URL)
	root, ada := contract.Credentials{Username: "root", Password: "correct horse battery"}, contract.Credentials{Username: "ada", Password: "123456"}
	c.CreateAdmin(t, root.Username, root.Password)
	if got, err := client.Register(ada); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("got %d %s, %v", got.Status, got.Body, err)
	}
	admin, user := client.Token(t, root), client.Token(t, ada)
	if got, err := client.Do(http.MethodGet, "/admin/system", nil, nil); err != nil || got.Status != http.StatusUnauthorized {
		t.Errorf("nobody: got %d %s, %v, want 401", got.Status, got.Body, err)
	}
	if err := client.Call(user, http.MethodGet, "/admin/system", nil, nil, http.StatusForbidden); err != nil {
		t.Error(err)
	}
	// eventually reads the state several times a second until it is as it has to be.
	eventually := func(what string, check func(*systemState) error) {
		t.Helper()
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		testbed.Eventually(t, what, func() error {
			<-tick.C
			var state systemState
			return errors.Join(client.Call(admin, http.MethodGet, "/admin/system", nil, &state, http.StatusOK), check(&state))
		})
	}
	eventually("both gateways and what is wrong with their upstreams", func(s *systemState) error {
		return errors.Join(s.wantGateways(2, 0), s.wantUpstreams(nobody, 2))
	})
	if err := c.Gateways[0].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually("the gateway that was killed is seen no more", func(s *systemState) error {
		return errors.Join(s.wantGateways(1, 1), s.wantUpstreams(nobody, 1))
	})
}

// wantGateways compares how many gateways are seen, and how many are not.
func (s *systemState) wantGateways(seen, gone int) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	requests := int64(0)
	for _, g := range s.Gateways {
		if g.Name != host || g.Version == "" {
			return fmt.Errorf("gateway %s has version %q, and is on %q, not %q", g.ID, g.Version, g.Name, host)
		}
		if !g.Seen {
			gone--
			continue
		}
		seen--
		requests += g.LastMinute.Requests
		if g.FeedAge == nil || *g.FeedAge > 30 || g.LastError != nil {
			return fmt.Errorf("gateway %s: %+v", g.ID, g)
		}
	}
	if seen != 0 || gone != 0 || requests == 0 || s.Ledger.Lag == nil {
		return fmt.Errorf("%d more are seen, %d more are not; %d requests, lag %v: %+v", -seen, -gone, requests, s.Ledger.Lag, s)
	}
	return nil
}

// wantUpstreams compares what so many gateways say of the replica where nobody listens, and of the one with a wrong health check.
func (s *systemState) wantUpstreams(nobody string, gateways int) error {
	refused, misread, served := 0, 0, 0
	for _, u := range s.Upstreams {
		for _, r := range u.Replicas {
			switch {
			case u.Route == "search" && r.Address == nobody:
				if r.State == "unhealthy" && r.Reason != nil && r.Reason.Code == "connection-refused" && r.CheckedAt != nil {
					refused++
				}
			case u.Route == "misread":
				want := "GET /nothing-is-here with Host " + r.Address + ": status 404 Not Found."
				if r.State == "unhealthy" && r.Reason != nil && r.Reason.Code == "check-status" && r.Reason.Message == want {
					misread++
				}
			case r.State != "healthy" || r.Reason != nil:
				return fmt.Errorf("%s: %+v", u.Route, r)
			}
		}
		if u.Route == "auth-service" && u.P50 != nil {
			served++
		}
	}
	if refused != gateways || misread != gateways || served == 0 || !slices.ContainsFunc(s.Gateways, func(g gatewayState) bool { return g.ID == s.Upstreams[0].Gateway }) {
		return fmt.Errorf("%d gateways say that the connection is refused, %d the status of the health check: %+v", refused, misread, s.Upstreams)
	}
	return nil
}
