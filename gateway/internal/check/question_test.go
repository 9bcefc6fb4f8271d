package check_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// withID checks a token of the user's session-1 that has this id.
func (f *fixture) withID(t *testing.T, id string) {
	t.Helper()
	raw := params(7, started(time.Now())).TokenWith(map[string]any{"jti": id})
	if _, err := f.Check(t.Context(), []string{raw}); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

// heard are the ids of the tokens that the service was asked about, sorted.
func (s *service) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, q := range s.questions {
		ids = append(ids, fmt.Sprint(q.UserID, " ", q.SessionID, " ", q.TokenID))
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

func TestAuthServiceHearsOfEachTokenOnce(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { f.withID(t, "first") })
			all.Go(func() { f.withID(t, "second") })
		}
		all.Wait()
		f.withID(t, "third")
		if got, want := s.heard(), "[7 session-1 first 7 session-1 second 7 session-1 third]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestAuthServiceHearsOfATokenBeforeItsFirstCallPasses: whoever gets anything by a token has shown that it was received.
func TestAuthServiceHearsOfATokenBeforeItsFirstCallPasses(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.withID(t, "first")
		hold, passed := make(chan struct{}), make(chan struct{})
		s.holding = func(int64) { <-hold }
		go func() {
			defer close(passed)
			f.withID(t, "second")
		}()
		synctest.Wait()
		select {
		case <-passed:
			t.Error("the call passed without a response")
		default:
		}
		close(hold)
		<-passed
	})
}

func TestAfterAnOutageAuthServiceHearsOfTheTokensThatPassedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.withID(t, "first")
		s.outage(true)
		f.withID(t, "second") // before the feed notices
		time.Sleep(time.Second)
		begun := time.Now()
		for range 100 {
			f.withID(t, "second")
			f.withID(t, "third")
		}
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("known users waited for %s", waited)
		}
		s.outage(false)
		time.Sleep(4 * time.Second)
		for range 100 {
			f.withID(t, "second")
			f.withID(t, "third")
		}
		if got, want := s.heard(), "[7 session-1 first 7 session-1 second 7 session-1 third]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
