//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
)

const (
	lookAlikeTime = time.Minute
	unknownTime   = 10 * time.Second
	// maxQuestions is how many questions a second one address may cause by keys that do not exist.
	maxQuestions = 20
	// unchanged is by how much the p99 of /root may rise while the machine has time left.
	unchanged = 10 * time.Millisecond
)

// TestMeasureKeyFloods: what one client does with keys that do not exist.
func TestMeasureKeyFloods(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, cluster.Config{Postgres: true, Auth: cluster.CheapPasswords()})
	u := s.register(t, "ada")
	s.everywhere(t, "before", u, http.StatusOK)
	o := newOthers(s.Gateways[0].URL, u, "")
	quiet := o.call(usual, time.Now().Add(unknownTime))
	t.Logf("figure: without an attacker: %s", quiet)

	// No checksum is as large as zzzzzz.
	lookAlike := call{Line: "GET " + rootPath, Fields: "Authorization: Bearer tg_0123456789ABCDEFGHIJKL{x}zzzzzz\r\n"}
	s.floodKeys(t, o, "about a million API keys with a wrong checksum in a minute", 0, percentile(quiet.took["`/root`"], 99)+unchanged,
		attack{Addr: s.addr(), Conns: 32, For: lookAlikeTime, Calls: []call{lookAlike}, Pause: time.Millisecond})
	s.floodKeys(t, o, "the same as fast as it can", 0, maxRootP99, attack{Addr: s.addr(), Conns: 32, For: unknownTime, Calls: []call{lookAlike}})
	s.floodKeys(t, o, "well-formed API keys that do not exist, on 100 connections, as fast as it can", maxQuestions, maxRootP99, attack{
		Addr: s.addr(), Conns: 100, For: unknownTime, Calls: []call{{Line: "GET " + rootPath, Fields: "X-API-Key: {key}\r\n"}},
	})
}

// floodKeys runs an attack. It may cause so many questions in a second, and /root of the others stays within the bound.
func (s *system) floodKeys(t *testing.T, o *others, what string, mayAsk float64, bound time.Duration, a attack) {
	t.Helper()
	wait, most := a.start(t), make(chan float64)
	end := time.Now().Add(a.For)
	go func() { most <- s.mostQuestions(t, end) }()
	meanwhile := o.call(usual, end)
	seen, asked := wait(), <-most
	found(t, what, fmt.Sprintf("at most %.0f questions to auth-service in a second; `/root` p99 ≤ %s", mayAsk, ms(bound)),
		fmt.Sprintf("%s; at most %.0f questions in a second; the others: %s", seen, asked, meanwhile))
	if asked > mayAsk || seen.Statuses[http.StatusUnauthorized] == 0 || seen.Closed > 0 || seen.Unguided > 0 {
		t.Errorf("%v questions in a second, %s; want 401 and at most %v", asked, seen, mayAsk)
	}
	for status := range seen.Statuses {
		if status != http.StatusUnauthorized && (status != http.StatusTooManyRequests || mayAsk == 0) {
			t.Errorf("got %s, want 401, or 429 for what would be asked about", seen)
		}
	}
	meanwhile.within(t, map[string]time.Duration{"`/root`": bound})
}

// mostQuestions reads the number of questions every tenth of a second, and returns the most within a second.
func (s *system) mostQuestions(t *testing.T, end time.Time) (most float64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	type reading struct {
		at time.Time
		n  float64
	}
	var all []reading
	for now := time.Now(); now.Before(end); now = <-tick.C {
		latest := reading{time.Now(), questions(t, s.Cluster)}
		all = append(all, latest)
		for latest.at.Sub(all[0].at) > time.Second {
			all = all[1:]
		}
		most = max(most, latest.n-all[0].n)
	}
	return most
}
