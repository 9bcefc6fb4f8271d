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
	Replay      time.Duration // how long the parent of the live token still gets the same child
}

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
	presentedReplay                  // its parent, just now: a lost response or a second tab, give the same child
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
	case hash == s.Parent && now.Sub(s.RotatedAt) <= life.Replay:
		return presentedReplay
	case issued:
		return presentedReuse
	}
	return presentedDead
}

// rotate makes child the live token.
func (s *Session) rotate(child RefreshHash, now time.Time) {
	s.Parent, s.Live = s.Live, child
	s.RotatedAt, s.LastUsedAt = now, now
}
