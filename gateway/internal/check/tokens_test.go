package check_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
)

// spellings are all forms of the field that carry the token and have no padding, and some that have.
func spellings(raw string) []string {
	const scheme = "bearer"
	all := []string{raw}
	for capitals := range 1 << len(scheme) {
		spelled := []byte(scheme)
		for i := range spelled {
			if capitals>>i&1 == 1 {
				spelled[i] -= 'a' - 'A'
			}
		}
		for _, spaces := range []int{1, 2, 100} {
			all = append(all, string(spelled)+strings.Repeat(" ", spaces)+raw)
		}
	}
	return all
}

func TestATokenIsRememberedOnceHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		raw := params(7, time.Now()).Token()
		for _, field := range spellings(raw) {
			if _, err := f.Check(t.Context(), []string{field}); err != nil {
				t.Fatalf("%.20q: %v", field, err)
			}
		}
		if got := gauge(t, f, "tallygate_check_tokens"); got != 1 || !f.Remembers(raw) {
			t.Errorf("one token is remembered %v times", got)
		}
	})
}

// numbered is a token that differs from others of the same user and session, as a refresh issues it.
func numbered(userID int64, n int) string {
	return params(userID, time.Now()).TokenWith(map[string]any{"jti": strconv.Itoa(n)})
}

func TestAUserWithManyTokensPushesOutOnlyTheOldestOfThem(t *testing.T) {
	t.Parallel()
	const others, tokens, room = 20, 300, 20_000
	for name, test := range map[string]struct{ room, share int }{
		"a large table": {room, 200},
		"a small table": {640, 10},
		"a tiny table":  {others + 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService()
			for id := range int64(others + 1) {
				s.users[id] = authclient.Record{UserID: id, Exists: true, Generation: 3}
			}
			inBubble(t, s, func(cfg *check.Config) { cfg.MaxTokens = test.room }, func(t *testing.T, f *fixture) {
				pass := func(raw string) {
					t.Helper()
					if _, err := f.Check(t.Context(), []string{raw}); err != nil {
						t.Fatal(err)
					}
				}
				for id := range int64(others) {
					pass(numbered(id+1, 0))
				}
				for n := range tokens {
					pass(numbered(others, n))
				}
				for id := range int64(others - 1) {
					if !f.Remembers(numbered(id+1, 0)) {
						t.Errorf("user %d was pushed out", id+1)
					}
				}
				for n := range tokens {
					if got, want := f.Remembers(numbered(others, n)), n >= tokens-test.share; got != want {
						t.Fatalf("token %d: remembered %v, want the last %d", n, got, test.share)
					}
				}
				if got := gauge(t, f, "tallygate_check_tokens"); got != float64(others-1+test.share) {
					t.Errorf("%v tokens are remembered", got)
				}
				time.Sleep(2 * time.Hour)
				if got := gauge(t, f, "tallygate_check_tokens"); got != 0 {
					t.Errorf("%v tokens outlive their exp", got)
				}
			})
		})
	}
}
