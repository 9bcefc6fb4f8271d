package check_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// inBubble runs a test with a clock of its own, which moves when nothing else can.
func inBubble(t *testing.T, s *service, change func(*check.Config), test func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.changed = make(chan struct{})
		f := start(t, s, change)
		defer f.stop()
		synctest.Wait()
		test(t, f)
	})
}

func TestTheListOfGoodAndBadTokens(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		for _, key := range []*tokentest.Key{nil, tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)} {
			p := params(7, time.Now())
			if p.Key = key; key != nil {
				if err := f.keys.Replace("", nil, key.Public); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range append(tokentest.Vectors(p), tokentest.SessionVectors(p, false)...) {
				for _, turn := range []string{"first", "second"} { // the second may be remembered
					_, err := f.Check(t.Context(), v.Authorization)
					if (err == nil) != v.Accept {
						t.Errorf("%s, %s time: got %v", v.Name, turn, err)
					}
				}
			}
		}
	})
}

func TestTenThousandCallsOfOneUserNeedOneLookup(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		fields := []string{params(7, time.Now()).Token(), "Bearer " + params(7, time.Now()).Token()}
		for i := range 10_000 {
			who, err := f.Check(t.Context(), fields[i%2:i%2+1])
			if err != nil || who.UserID != 7 || who.SessionID != "session-1" || who.Role != "" || who.MonthlyQuota != check.NoQuota {
				t.Fatal(who, err)
			}
		}
		if got := f.service.lookedUp(); got != 1 {
			t.Errorf("%d lookups", got)
		}
	})
}

func TestTheSecondCallAllocatesNothingAndKeepsNoViewOfTheBuffer(t *testing.T) { //nolint:paralleltest // it counts allocations
	inBubble(t, newService(7, 8), nil, func(t *testing.T, f *fixture) {
		raw := params(7, time.Now()).Token()
		buffer := []byte(raw)
		if _, err := f.Check(t.Context(), []string{view(buffer)}); err != nil {
			t.Fatal(err)
		}
		copy(buffer, strings.Repeat("x", len(buffer)))
		if _, err := f.Check(t.Context(), []string{view(buffer)}); err == nil {
			t.Error("what was written over the buffer passes")
		}
		ctx, fields := t.Context(), []string{raw}
		if n := testing.AllocsPerRun(100, func() {
			if _, err := f.Check(ctx, fields); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		if got := gauge(t, f, "tallygate_check_tokens"); got != 1 {
			t.Errorf("one token is remembered %v times", got)
		}
		who, err := f.Check(ctx, fields)
		copy(buffer, strings.Repeat("y", len(buffer)))
		if err != nil || who.SessionID != "session-1" {
			t.Error(who, err)
		}
	})
}

func TestATokenExpiresAtItsExp(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		fields := []string{params(7, time.Now()).Token()}
		time.Sleep(59*time.Minute + 59*time.Second)
		if _, err := f.Check(t.Context(), fields); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if _, err := f.Check(t.Context(), fields); !errors.Is(err, token.ErrExpired) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAWithdrawnKeyEndsWhatWasVerifiedUnderIt(t *testing.T) {
	t.Parallel()
	const next = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		old := []string{params(7, time.Now()).Token()}
		p := params(7, time.Now())
		p.Secret = next
		fresh := []string{p.Token()}
		for _, step := range []struct {
			name         string
			sign         string
			others       []string
			oldOK, newOK bool
		}{
			{"before", secret, nil, true, false},
			{"verify everywhere", secret, []string{next}, true, true},
			{"sign with the new one", next, []string{secret}, true, true},
			{"withdraw the old one", next, nil, false, true},
		} {
			if err := f.keys.Replace(step.sign, step.others); err != nil {
				t.Fatal(err)
			}
			_, oldErr := f.Check(t.Context(), old)
			_, newErr := f.Check(t.Context(), fresh)
			if (oldErr == nil) != step.oldOK || (newErr == nil) != step.newOK {
				t.Errorf("%s: old %v, new %v", step.name, oldErr, newErr)
			}
		}
	})
}

func TestTheRoleIsWhatAuthServiceSaysNow(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		fields := []string{params(7, time.Now()).TokenWith(map[string]any{"role": "admin"})}
		if who, err := f.Check(t.Context(), fields); err != nil || who.Role != "" {
			t.Error(who, err)
		}
		f.service.change(7, func(r *authclient.Record) { r.Role, r.MonthlyQuota = "admin", new(int64(50)) })
		synctest.Wait()
		if who, err := f.Check(t.Context(), fields); err != nil || who.Role != "admin" || who.MonthlyQuota != 50 {
			t.Error(who, err)
		}
	})
}

// status is the status of a client's response.
func status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, check.ErrNotReady), errors.Is(err, check.ErrStale), errors.Is(err, check.ErrLookup):
		return http.StatusServiceUnavailable
	case errors.Is(err, token.ErrInvalid):
		return http.StatusUnauthorized
	}
	return 0
}

func (f *fixture) expect(t *testing.T, when string, userID int64, want int) {
	t.Helper()
	_, err := f.Check(context.Background(), []string{params(userID, started(time.Now())).Token()})
	if got := status(err); got != want {
		t.Errorf("%s, user %d: got %d (%v), want %d", when, userID, got, err, want)
	}
}

// started is the same moment for tokens of one minute, so that a user's token is the same one for a while.
func started(now time.Time) time.Time { return now.Truncate(time.Minute) }
