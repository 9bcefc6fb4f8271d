package account

import (
	"net/netip"
	"time"
)

// Session is one sign-in and the chain of refresh tokens that grew from it.
type Session struct {
	ID         string
	UserID     int64
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // past it no refresh token of the session is accepted, used or not
	EndedAt    time.Time // zero while it lives
	Client     string    // what the client calls itself, cut to a sane length; for people
	Address    string

	// Live is the hash of the one refresh token that is accepted now. Parent is the hash of the one that was exchanged
	// for it at RotatedAt, and empty while Live is the first.
	Live      RefreshHash
	Parent    RefreshHash
	RotatedAt time.Time
	// Used: an access token that came with Live has been accepted somewhere. So somebody has received Live.
	Used bool
}

// Origin is where a request comes from.
type Origin struct {
	Address netip.Addr
	Client  string // the User-Agent field
}

// maxClientBytes is how much of a client's name is kept.
const maxClientBytes = 200

// Lifetimes are how long things last.
type Lifetimes struct {
	Access      time.Duration // an access token
	SessionIdle time.Duration // a session without a refresh
	Session     time.Duration // a session at most
	// RefreshGrace is how long the parent of the live token still gets the same child, if nobody has used the child.
	RefreshGrace time.Duration
}

// raceWindow is how long the parent still gets the same child although an access token that came with the child is in use:
// of two tabs that refresh at once, the first one calls at once.
const raceWindow = 10 * time.Second

// endedMargin is added to the life of an access token: the end of its session is remembered that much longer. The clocks
// of two replicas may differ by a verifier's leeway, and transactions wait.
const endedMargin = time.Minute

// Ended is how long the end of a session has to be remembered.
func (l Lifetimes) Ended() time.Duration { return l.Access + endedMargin }

// EndedList bounds the list of a user's ended sessions. Every gateway receives it whenever the user changes.
type EndedList struct {
	Life time.Duration // how long a session stands in it
	Max  int           // a longer list is dropped, and the user's generation is raised instead
}

// maxEnded is how many ended sessions of a user are listed.
const maxEnded = 1000

func (s *Service) endedList() EndedList {
	return EndedList{Life: s.cfg.Lifetimes.Ended(), Max: maxEnded}
}

// presented says what a refresh token is to its session.
type presented int

const (
	presentedDead   presented = iota // the session is over, or the token was never one of it: refuse
	presentedLive                    // the live token: rotate
	presentedReplay                  // its parent: a lost response or a second tab, give the same child
	presentedReuse                   // a token that was spent before: somebody else has it, end the session
)

// classify decides what a presented token is. issued says whether the token's seal is right. Without the seal, anybody who
// knows a session's id, which is no secret, could end the session.
func (s *Session) classify(hash RefreshHash, issued bool, now time.Time, life Lifetimes) presented {
	switch {
	case !s.EndedAt.IsZero(), !now.Before(s.ExpiresAt), !now.Before(s.LastUsedAt.Add(life.SessionIdle)):
		return presentedDead
	case hash == s.Live:
		return presentedLive
	case hash == s.Parent && s.within(s.grace(life), now):
		return presentedReplay
	case issued:
		return presentedReuse
	}
	return presentedDead
}

// grace is how long after the rotation the parent gets the child again. A child that somebody has used was not lost.
func (s *Session) grace(life Lifetimes) time.Duration {
	if s.Used {
		return min(raceWindow, life.RefreshGrace)
	}
	return life.RefreshGrace
}

// within reports whether the rotation is no longer ago than grace. A grace of 0 is none.
func (s *Session) within(grace time.Duration, now time.Time) bool {
	return grace > 0 && now.Sub(s.RotatedAt) <= grace
}

// rotate makes child the live token.
func (s *Session) rotate(child RefreshHash, now time.Time) {
	s.Parent, s.Live, s.Used = s.Live, child, false
	s.RotatedAt, s.LastUsedAt = now, now
}

// firstUse reports whether it has to be recorded that an access token with this link was accepted: it came with the live
// refresh token, and the parent may still ask for that one.
func (s *Session) firstUse(link TokenLink, now time.Time, life Lifetimes) bool {
	return !s.Used && s.Parent != (RefreshHash{}) && link == s.Live.link() && s.within(life.RefreshGrace, now)
}
