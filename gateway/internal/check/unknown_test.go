package check_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/apikey"
)

func TestLookAlikesWithAWrongChecksumCauseNoQuestion(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		for i := range 100_000 {
			raw := fmt.Sprintf("tg_%030d%06d", i, i%7)
			if apikey.Valid(raw) {
				continue
			}
			if got := f.by(t, raw); got != 401 {
				t.Fatalf("%s: got %d", raw, got)
			}
		}
		if got := s.askedAboutKeys(); got != 0 {
			t.Errorf("%d questions", got)
		}
	})
}

func TestUnknownKeysOfOneAddressCauseFewQuestions(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.holding = func(int64) { time.Sleep(3 * time.Millisecond) }
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		good := s.give(t, 7, 70)
		var load sync.WaitGroup
		for second := range 10 {
			before := s.askedAboutKeys()
			end := time.Now().Add(time.Second)
			for range 20 {
				load.Go(func() {
					for time.Now().Before(end) {
						f.expectBy(t, "an unknown key", newKey(t), 401)
						time.Sleep(time.Millisecond)
					}
				})
			}
			load.Wait()
			if got := s.askedAboutKeys() - before; got > check.MaxUnknownKeys {
				t.Errorf("second %d: %d questions", second, got)
			}
		}
		if _, _, err := f.Key(t.Context(), good, "192.0.2.2"); err != nil {
			t.Errorf("another address: %v", err)
		}
		f.expectBy(t, "a known key of the same address", good, 200)
	})
}

func TestManyGoodKeysOfOneAddressAreAllFoundAtOnce(t *testing.T) {
	t.Parallel()
	s := newService()
	s.holding = func(int64) { time.Sleep(3 * time.Millisecond) }
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		var load sync.WaitGroup
		for id := range int64(500) {
			s.change(id+1, func(r *authclient.Record) { r.Exists, r.Generation = true, 3 })
			raw := s.give(t, id+1, id+1)
			load.Go(func() { f.expectBy(t, "a good key", raw, 200) })
		}
		load.Wait()
	})
}

func TestAnUnknownKeyIsRememberedUntilItExists(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := newKey(t)
		for range 1000 {
			f.expectBy(t, "unknown", raw, 401)
		}
		if got := s.askedAboutKeys(); got != 1 {
			t.Errorf("%d questions", got)
		}
		s.changeKeys(7, func([]authclient.Key) []authclient.Key {
			return []authclient.Key{{ID: 70, Hashes: []authclient.KeyHash{{Hash: apikey.Hash(raw).String()}}}}
		})
		synctest.Wait()
		f.expectBy(t, "it exists", raw, 200)
	})
}

func TestATextThatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		f.expectBy(t, "the key", raw, 200)
		for _, bad := range []string{"", "tg_", raw[:len(raw)-1], raw + "0", " " + raw, strings.ToLower(raw), strings.ToUpper(raw), raw + "\x00", "TG_" + raw[3:]} {
			f.expectBy(t, bad, bad, 401)
		}
	})
}
