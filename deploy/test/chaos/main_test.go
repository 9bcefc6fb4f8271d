//go:build chaos && unix

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Build()
	os.Exit(m.Run())
}

// duration is how long random kills go on.
func duration(t *testing.T) time.Duration {
	t.Helper()
	return testbed.Duration(t, "CHAOS_DURATION", 30*time.Second)
}

// seed is the seed of a test's random choices. It is logged, so that a run can be repeated.
func seed(t *testing.T) uint64 {
	t.Helper()
	chosen := rand.Uint64()
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		var err error
		if chosen, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CHAOS_SEED: %v", err)
		}
	}
	t.Logf("CHAOS_SEED=%d", chosen)
	return chosen
}

// cheap are settings for auth-service with which passwords cost little and failed sign-ins are not throttled. Neither is
// tested here, and they would take all the time.
func cheap() []string {
	return append(cluster.CheapPasswords(), "GUESS_FREE_PER_NAME=1000000", "GUESS_FREE_PER_ADDRESS=1000000")
}

// rootCost is what a call costs with priced routes.
const rootCost = 3

// priced replaces the built-in root by one that costs more.
func priced(mathURL string) string {
	return fmt.Sprintf("routes:\n  - {name: root, path: /root, exact: true, methods: [GET], upstream: %q, forward_token: true, cost: %d}\n", mathURL, rootCost)
}

// databases are the clusters on which every test has to pass.
func databases() map[string]cluster.Config {
	return map[string]cluster.Config{
		"PostgreSQL, two of auth-service": {Postgres: true, Gateways: 3, Auths: 2, Auth: cheap()},
		"SQLite":                          {Gateways: 3, Auth: cheap()},
	}
}
