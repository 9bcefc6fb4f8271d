package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tallygate/auth-service/internal/password"
)

// TestUnknownUserTakesAsLongAsWrongPassword times 200 sign-ins of each kind. It counts in how many pairs the wrong password
// took longer than the unknown user. That is half of them if both take the same time, and all if nothing is hashed for an
// unknown user.
func TestUnknownUserTakesAsLongAsWrongPassword(t *testing.T) { //nolint:paralleltest // it measures time
	s := newService(t, options{params: password.Params{MemoryKiB: 2048, Passes: 1, Threads: 1}})
	const calls = 200
	s.register(t, "ada", "123456")
	var known, unknown [calls]time.Duration
	for i := range calls {
		// The order is random: the garbage collector runs at regular intervals, and must not slow down one kind more often.
		if rand.N(2) == 0 {
			known[i] = timed(s, "ada")
			unknown[i] = timed(s, fmt.Sprintf("nobody%d", i))
		} else {
			unknown[i] = timed(s, fmt.Sprintf("nobody%d", i))
			known[i] = timed(s, "ada")
		}
	}
	longer := 0
	for _, k := range known {
		for _, u := range unknown {
			if k > u {
				longer++
			}
		}
	}
	if share := float64(longer) / (calls * calls); share < 0.3 || share > 0.7 {
		t.Errorf("a wrong password takes longer than an unknown user in %.0f %% of the pairs, want about 50 %%", 100*share)
	}
}

func timed(s *service, name string) time.Duration {
	start := time.Now()
	s.do(call{method: "POST", path: "/token", body: credentials(name, "wrong")})
	return time.Since(start)
}
