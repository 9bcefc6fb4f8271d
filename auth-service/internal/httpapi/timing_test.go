package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/password"
)

// TestUnknownUserTakesAsLongAsWrongPassword fails if, for example, nothing is hashed for an unknown user.
func TestUnknownUserTakesAsLongAsWrongPassword(t *testing.T) { //nolint:paralleltest // it measures time
	s := newService(t, options{params: password.Params{MemoryKiB: 2048, Passes: 1, Threads: 1}})
	s.register(t, "ada", "123456")
	takeTheSameTime(t, 401,
		func(int) response {
			return s.do(call{method: "POST", path: "/token", body: credentials("ada", "wrong")})
		},
		func(i int) response {
			return s.do(call{method: "POST", path: "/token", body: credentials(fmt.Sprintf("nobody%d", i), "wrong")})
		})
}

// TestRefusedRegistrationsTakeTheSameTimeForFreeAndTakenNames fails if names are looked at before an invitation is.
func TestRefusedRegistrationsTakeTheSameTimeForFreeAndTakenNames(t *testing.T) { //nolint:paralleltest // it measures time
	url := shared.SQLite(t)
	open := newService(t, options{url: url})
	open.register(t, "ada", "123456")
	root := open.root(t)
	forEve := open.invitation(t, root, `{"username":"eve"}`)
	used := open.invitation(t, root, `{}`)
	open.wantRegistered(t, "bob", used.Token, 201)
	for name, invitation := range map[string]*string{
		"closed": nil, "without": nil, "unknown": new("tgi_" + strings.Repeat("x", 43)), "used": &used.Token, "of another name": &forEve.Token,
	} {
		s := newService(t, options{url: url, signUp: account.SignUpInvite})
		if name == "closed" {
			s = newService(t, options{url: url, signUp: account.SignUpClosed})
		}
		t.Run(name, func(t *testing.T) {
			takeTheSameTime(t, 403,
				func(int) response { return s.registerWith("ada", invitation) },
				func(i int) response { return s.registerWith(fmt.Sprintf("free%d", i), invitation) })
		})
	}
}

// takeTheSameTime times 200 calls of each kind. It counts in how many pairs the first kind took longer than the second one.
// That is half of them if both take the same time.
func takeTheSameTime(t *testing.T, status int, kinds ...func(i int) response) {
	t.Helper()
	const calls = 200
	var took [2][calls]time.Duration
	for i := range calls {
		// The order is random: the garbage collector runs at regular intervals, and must not slow down one kind more often.
		for _, kind := range rand.Perm(2) {
			start := time.Now()
			got := kinds[kind](i)
			took[kind][i] = time.Since(start)
			if got.status != status {
				t.Fatalf("got %d %s, want %d", got.status, got.body, status)
			}
		}
	}
	longer := 0
	for _, a := range took[0] {
		for _, b := range took[1] {
			if a > b {
				longer++
			}
		}
	}
	if share := float64(longer) / (calls * calls); share < 0.3 || share > 0.7 {
		t.Errorf("the first kind takes longer in %.0f %% of the pairs, want about 50 %%", 100*share)
	}
}
