package check_test

import (
	"fmt"
	"net/http"
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
		end := time.Now().Add(10 * time.Second)
		var load sync.WaitGroup
		for range 20 {
			load.Go(func() {
				for time.Now().Before(end) {
					f.expectBy(t, "an unknown key", newKey(t), 401)
				}
			})
		}
		time.Sleep(5 * time.Second)
		if _, _, err := f.Key(t.Context(), good, "192.0.2.2"); err != nil {
			t.Errorf("another address: %v", err)
		}
		f.expectBy(t, "a known key of the same address", good, 200)
		load.Wait()
		if got := s.mostAskedInASecond(); got > check.MaxUnknownKeys {
			t.Errorf("%d questions in a second", got)
		}
	})
}

// TestAGoodKeyIsNeverCalledBad: beside unknown keys of the same address it waits for its turn, or is told to come again.
func TestAGoodKeyIsNeverCalledBad(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.holding = func(int64) { time.Sleep(3 * time.Millisecond) }
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		for range 30 { // more than are asked about at once
			f.expectBy(t, "an unknown key", newKey(t), 401)
		}
		began := time.Now()
		f.expectBy(t, "a good key afterwards", s.give(t, 7, 70), 200)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it waited for %s", took)
		}
		end := time.Now().Add(20 * time.Second)
		got := map[int]int{}
		var mu sync.Mutex
		var load sync.WaitGroup
		for i := range 100 {
			load.Go(func() {
				for id := int64(1000 * i); time.Now().Before(end); id++ {
					raw, want := newKey(t), http.StatusUnauthorized
					if i%5 == 0 {
						raw, want = s.give(t, 7, id+71), http.StatusOK
					}
					status := f.by(t, raw)
					if status != want && status != http.StatusTooManyRequests {
						t.Errorf("got %d, want %d or 429", status, want)
					}
					mu.Lock()
					got[status]++
					mu.Unlock()
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		load.Wait()
		if got[http.StatusOK] == 0 || got[http.StatusUnauthorized] < 150 || got[http.StatusTooManyRequests] == 0 {
			t.Errorf("got %v", got)
		}
		time.Sleep(time.Minute)
		f.expectBy(t, "nobody waits any more", newKey(t), 401)
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
