package account_test

import (
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
)

func TestWhatAPresentedRefreshTokenMeans(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	life := account.Lifetimes{SessionIdle: time.Hour, RefreshGrace: time.Hour / 2}
	live, parent, other := account.RefreshHash{1}, account.RefreshHash{2}, account.RefreshHash{3}
	session := func(change func(*account.Session)) account.Session {
		s := account.Session{Live: live, Parent: parent, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(2 * time.Hour)}
		change(&s)
		return s
	}
	lives := session(func(*account.Session) {})
	ended := session(func(s *account.Session) { s.EndedAt = now })
	used := session(func(s *account.Session) { s.Used = true })
	old := session(func(s *account.Session) { s.ExpiresAt = now.Add(30 * time.Minute) })
	for name, look := range map[string]struct {
		session account.Session
		hash    account.RefreshHash
		issued  bool
		after   time.Duration
		want    string
	}{
		"the live one":                                   {lives, live, true, 0, "live"},
		"the live one, of a key that is gone":            {lives, live, false, 0, "live"},
		"the live one, just before it is idle too long":  {lives, live, true, time.Hour - 1, "live"},
		"the live one, idle too long":                    {lives, live, true, time.Hour, "dead"},
		"the live one, at the end of the session's life": {old, live, true, 30 * time.Minute, "dead"},
		"its parent within the grace":                    {lives, parent, true, time.Hour / 2, "replay"},
		"its parent after the grace":                     {lives, parent, true, time.Hour/2 + 1, "reuse"},
		"its parent after the grace, of a key that went": {lives, parent, false, time.Hour/2 + 1, "dead"},
		"its parent, at once, while the child is used":   {used, parent, true, 10 * time.Second, "replay"},
		"its parent, later, and the child was used":      {used, parent, true, 10*time.Second + 1, "reuse"},
		"its parent, at the end of the session's life":   {old, parent, true, 30 * time.Minute, "dead"},
		"a token that is older than the parent":          {lives, other, true, 0, "reuse"},
		"a token that was never issued":                  {lives, other, false, 0, "dead"},
		"the live one of an ended session":               {ended, live, true, 0, "dead"},
		"an older one of an ended session":               {ended, other, true, 0, "dead"},
	} {
		if got := look.session.Classify(look.hash, look.issued, now.Add(look.after), life); got != look.want {
			t.Errorf("%s: got %s, want %s", name, got, look.want)
		}
	}
}

func TestWithoutAGraceASpentTokenIsReuseAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	parent := account.RefreshHash{2}
	for _, used := range []bool{false, true} {
		s := account.Session{
			Live: account.RefreshHash{1}, Parent: parent, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour), Used: used,
		}
		if got := s.Classify(parent, true, now, account.Lifetimes{SessionIdle: time.Hour}); got != "reuse" {
			t.Errorf("used %t: got %s", used, got)
		}
	}
}
