//go:build measure

package measure_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

func TestMeasureOutage(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, replicated())
	t.Run("changes while the network was cut arrive afterwards", s.cutOff)
	t.Run("the feed outlives kill -9 of every auth-service", s.killAuths)
	t.Run("a restarted gateway never accepts a revoked token", s.restartGateway)
}

// stale waits until the readiness page and the metrics of every gateway show that it is stale, or that it is not.
func (s *system) stale(t *testing.T, want bool) {
	t.Helper()
	for _, gateway := range s.Gateways {
		testbed.Eventually(t, gateway.Name+" to show whether it is stale", func() error {
			seconds, page := gateway.Metric(t, "tallygate_check_staleness_seconds", ""), detail(t, gateway)
			if (seconds > 0) != want || (page != "current") != want {
				return fmt.Errorf("metric %g, readiness page %q, want stale: %t", seconds, page, want)
			}
			return nil
		})
	}
}

func (s *system) cutOff(t *testing.T) {
	const each = 10
	var left, changed, deleted, controls []*user
	for i := range each {
		left = append(left, s.register(t, fmt.Sprintf("left%d", i)))
		changed = append(changed, s.register(t, fmt.Sprintf("changed%d", i)))
		deleted = append(deleted, s.register(t, fmt.Sprintf("deleted%d", i)))
		controls = append(controls, s.register(t, fmt.Sprintf("control%d", i)))
	}
	unknown := s.register(t, "unknown")
	revoked := append(append(append([]*user{}, left...), changed...), deleted...)
	for _, u := range append(revoked, controls...) {
		s.everywhere(t, "before", u, http.StatusOK)
	}

	s.CutOff()
	client := s.clients[0]
	for i := range each {
		left[i].logout(t, client)
		old := *changed[i]
		old.changePassword(t, client, "another horse")
		deleted[i].send(t, client, http.MethodDelete, "/users/me", map[string]string{"password": deleted[i].Password}, http.StatusNoContent)
	}
	s.stale(t, true)
	for _, u := range append(revoked, controls...) {
		s.everywhere(t, "while the gateways cannot see the changes", u, http.StatusOK)
	}
	s.everywhere(t, "a user whom no gateway has seen", unknown, http.StatusServiceUnavailable)

	s.Reconnect()
	back := time.Now()
	var last time.Time
	for _, u := range revoked {
		for _, client := range s.clients {
			if refused := until401(t, client, u.Token); refused.After(last) {
				last = refused
			}
		}
	}
	t.Logf("figure: after the network's return all %d changes are in force at %d gateways after %s", len(revoked), len(s.clients), round(last.Sub(back)))
	s.stale(t, false)
	for _, u := range controls {
		s.everywhere(t, "afterwards", u, http.StatusOK)
	}
	for i := range s.clients {
		// A lookup that failed is not repeated at once.
		testbed.Eventually(t, "the user whom no gateway has seen to pass", func() error { return s.passes(i, unknown) })
	}
}

func (s *system) killAuths(t *testing.T) {
	u := s.register(t, "survivor")
	s.everywhere(t, "before", u, http.StatusOK)
	for _, p := range s.Auths {
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	s.stale(t, true)
	s.everywhere(t, "without auth-service", u, http.StatusOK)
	for _, p := range s.Auths {
		if err := errors.Join(p.Start(), p.Ready(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	back := time.Now()
	s.stale(t, false)
	t.Logf("figure: after auth-service's return every gateway follows the feed again in %s", round(time.Since(back)))
	testbed.Eventually(t, "calls to auth-service to pass again", func() error {
		got, err := s.clients[0].Post("/token", u.Credentials)
		if err == nil && got.Status != http.StatusOK {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
	u.logout(t, s.clients[0])
	left := time.Now()
	for _, client := range s.clients {
		if took := until401(t, client, u.Token).Sub(left); took > promised {
			t.Errorf("refused after %s, want at most %s", took, promised)
		}
	}
}

func (s *system) restartGateway(t *testing.T) {
	gone, stays := s.register(t, "gone"), s.register(t, "stays")
	s.everywhere(t, "before", gone, http.StatusOK)
	s.everywhere(t, "before", stays, http.StatusOK)
	gateway, client := s.Gateways[1], s.clients[1]
	gone.logout(t, s.clients[0])
	if err := errors.Join(gateway.Kill(), gateway.Start()); err != nil {
		t.Fatal(err)
	}
	statuses := map[int]int{}
	testbed.Eventually(t, "the restarted gateway to respond", func() error { return s.neverPasses(t, 1, gone, statuses) })
	testbed.Eventually(t, "the restarted gateway to let others pass", func() error { return s.passes(1, stays) })
	t.Logf("figure: a revoked token at a restarted gateway, by status: %v", statuses)

	// The same without auth-service: only users who were looked up pass.
	s.CutOff()
	if err := errors.Join(gateway.Kill(), gateway.Start()); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the gateway to listen", func() error { _, err := status(client, gone.Token); return err })
	for range 50 {
		for _, u := range []*user{gone, stays} {
			if got, err := status(client, u.Token); err != nil || got != http.StatusServiceUnavailable {
				t.Errorf("a gateway that has never reached auth-service: got %d (%v), want 503", got, err)
			}
		}
	}
	s.Reconnect()
	testbed.Eventually(t, "the gateway to reach auth-service", func() error {
		if err := s.neverPasses(t, 1, gone, statuses); err != nil {
			return err
		}
		return s.passes(1, stays)
	})
}

// neverPasses returns nil when the token is refused with 401. A 200 ends the test.
func (s *system) neverPasses(t *testing.T, client int, u *user, statuses map[int]int) error {
	t.Helper()
	got, err := status(s.clients[client], u.Token)
	statuses[got]++
	switch {
	case err != nil:
		return err
	case got == http.StatusOK:
		t.Fatal("a revoked token was accepted")
	case got != http.StatusUnauthorized:
		return fmt.Errorf("got %d", got)
	}
	return nil
}

func (s *system) passes(client int, u *user) error {
	got, err := status(s.clients[client], u.Token)
	if err == nil && got != http.StatusOK {
		err = fmt.Errorf("got %d, want 200", got)
	}
	return err
}

func TestMeasureMaximalStaleness(t *testing.T) { //nolint:paralleltest // it measures time
	const most = 3 * time.Second
	s := start(t, cluster.Config{Auth: cluster.CheapPasswords(), Gateway: []string{"REVOCATION_MAX_STALENESS=" + most.String()}})
	u := s.register(t, "ada")
	s.everywhere(t, "before", u, http.StatusOK)
	quiet := time.Now()
	for time.Since(quiet) < most+most/2 {
		s.everywhere(t, "a feed without changes", u, http.StatusOK)
	}
	s.CutOff()
	cut := time.Now()
	testbed.Eventually(t, "503", func() error {
		got, err := s.clients[0].Root(u.Token, "9", "0.5")
		if err == nil && (got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "") {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
	took := time.Since(cut)
	t.Logf("figure: REVOCATION_MAX_STALENESS=%s: 503 comes %s after the cut", most, round(took))
	if took > most+promised {
		t.Errorf("took %s", took)
	}
	s.Reconnect()
	testbed.Eventually(t, "200 again", func() error { return s.passes(0, u) })

	if err := s.Auths[0].Kill(); err != nil {
		t.Fatal(err)
	}
	got, err := s.clients[0].Post("/token", u.Credentials)
	if err != nil || got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("sign in without auth-service: got %d %s (%v), want 503 and Retry-After", got.Status, got.Body, err)
	}
}
