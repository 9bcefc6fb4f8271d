package check_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
)

// restore replaces the service's database by a back-up of it: the users and sessions are these, no change of the feed says
// so, and an epoch begins.
func (s *service) restore(users []authclient.Record, sessions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.users)
	for _, r := range users {
		s.users[r.UserID] = r
	}
	s.sessions = slices.Concat([]string{}, sessions)
	s.epoch += "I"
	s.wake()
}

// in is the status of a call in a session of the user.
func (f *fixture) in(t *testing.T, userID int64, session string) int {
	t.Helper()
	raw := params(userID, started(time.Now())).TokenWith(map[string]any{"sid": session})
	_, err := f.Check(t.Context(), []string{raw})
	return status(err)
}

func TestASessionThatAuthServiceHasNeverHeardOfIsRefusedAndAskedAboutOnce(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.sessions = []string{"kept"}
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		for range 100 {
			if got := f.in(t, 7, "kept"); got != 200 {
				t.Errorf("a session: got %d", got)
			}
			if got := f.in(t, 7, "lost"); got != 401 {
				t.Errorf("a session that is not known: got %d", got)
			}
		}
		if got := s.lookedUp(); got != 2 {
			t.Errorf("%d lookups", got)
		}
	})
}

func TestAfterARestoreNothingOfTheLostHistoryPasses(t *testing.T) {
	t.Parallel()
	s := newService(7, 8, 9)
	s.sessions, s.epoch = []string{"old", "new", "lost", "nine"}, "I"
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		s.change(9, func(r *authclient.Record) { r.Disabled = true })
		synctest.Wait()
		for user, sessions := range map[int64][]string{7: {"old", "new"}, 8: {"lost"}} {
			for _, session := range sessions {
				if got := f.in(t, user, session); got != 200 {
					t.Errorf("before, %d in %s: got %d", user, session, got)
				}
			}
		}
		if got := f.in(t, 9, "nine"); got != 401 {
			t.Errorf("before, a disabled user: got %d", got)
		}
		old, lost := f.caller(t, 7, map[string]any{"sid": "new"}), f.caller(t, 8, map[string]any{"sid": "lost"})
		// The back-up is from before the disabling, the user 8, and a session.
		s.restore([]authclient.Record{
			{UserID: 7, Exists: true, Generation: 3}, {UserID: 9, Exists: true, Generation: 3},
		}, "old", "nine")
		synctest.Wait() // no time passes
		f.valid(t, "a stream", old, "")
		f.valid(t, "a stream", lost, "")
		synctest.Wait() // auth-service is asked meanwhile
		f.valid(t, "a stream of a lost session", old, "revoked")
		f.valid(t, "a stream of a lost user", lost, "revoked")
		before := s.lookedUp()
		for range 100 {
			for _, want := range []struct {
				user    int64
				session string
				status  int
			}{{7, "old", 200}, {7, "new", 401}, {8, "lost", 401}, {9, "nine", 200}} {
				if got := f.in(t, want.user, want.session); got != want.status {
					t.Errorf("%d in %s: got %d, want %d", want.user, want.session, got, want.status)
				}
			}
		}
		if got := s.lookedUp() - before; got > 4 {
			t.Errorf("%d lookups for four tokens", got)
		}
	})
}

// TestARestoredRecordReplacesANewerOneOfTheLostHistory: versions order the records of one history only.
func TestARestoredRecordReplacesANewerOneOfTheLostHistory(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.change(7, func(r *authclient.Record) { r.Role = "admin" })
		synctest.Wait()
		s.restore([]authclient.Record{{UserID: 7, Exists: true, Generation: 3}}, "session-1")
		synctest.Wait()
		who, err := f.Check(t.Context(), []string{params(7, started(time.Now())).Token()})
		if err != nil || who.Role != "" {
			t.Errorf("got the role %q, %v", who.Role, err)
		}
		// A change of the restored history has a low version again.
		s.mu.Lock()
		s.users[7] = authclient.Record{UserID: 7, Exists: true, Disabled: true, Generation: 3, Version: 1}
		s.mu.Unlock()
		if got := f.in(t, 7, "another"); got != 401 {
			t.Errorf("got %d for a disabled user", got)
		}
	})
}

func TestAnEpochThatBeginsBeforeAnOutageShutsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newService(7, 8)
	s.sessions = []string{"session-1"}
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.restore([]authclient.Record{{UserID: 7, Exists: true, Generation: 3}}, "session-1")
		synctest.Wait()
		s.outage(true)
		f.expect(t, "unavailable, and not noticed yet", 7, 200)
		time.Sleep(10 * time.Second)
		begun := time.Now()
		for range 100 {
			f.expect(t, "unavailable", 7, 200)
		}
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("a known user waited for %s", waited)
		}
		s.outage(false)
		time.Sleep(4 * time.Second)
		f.expect(t, "afterwards", 7, 200)
		f.expect(t, "afterwards", 8, 401)
	})
}

// TestAResponseOfTheLostHistoryDecidesOneCallAtMost: it arrives after the restore.
func TestAResponseOfTheLostHistoryDecidesOneCallAtMost(t *testing.T) {
	t.Parallel()
	s := newService(8)
	s.sessions = []string{"session-1"}
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		hold := make(chan struct{})
		s.holding = func(int64) { <-hold }
		go func() { f.expect(t, "asked before the restore", 8, 200) }()
		synctest.Wait()
		s.restore(nil)
		synctest.Wait()
		close(hold)
		synctest.Wait()
		f.expect(t, "afterwards", 8, 401)
	})
}

func TestAnOlderAuthServiceSaysNeitherEpochsNorSessions(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.epoch = "I"
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		for _, epoch := range []string{"", "I", ""} { // replicas of two versions respond in turn
			s.mu.Lock()
			s.epoch = epoch
			s.wake()
			s.mu.Unlock()
			synctest.Wait()
			f.expect(t, "during the upgrade", 7, 200)
		}
		if got := s.lookedUp(); got != 1 {
			t.Errorf("%d lookups", got)
		}
	})
}
