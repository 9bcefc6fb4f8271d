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
	ExpiresAt  time.Time // past it no refresh token of the session is good, used or not
	EndedAt    time.Time // zero while it lives
	Client     string    // what the client calls itself, cut to a sane length; for people
	Address    string

	// Live is the hash of the one refresh token that is good now, Parent of the one that was exchanged for it, at
	// RotatedAt. Parent is empty while Live is the first.
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
	Replay      time.Duration // how long a spent refresh token still gets the same child
}

// presented is what it means that somebody presents a refresh token.
type presented int

const (
	presentedDead   presented = iota // the session is over: refuse
	presentedLive                    // the live token: rotate
	presentedReplay                  // its parent, just now: a lost answer or a second tab, give the same child
	presentedReuse                   // a token that was spent before: somebody else has it, end the session
)

// judge decides, given that hash is one of the session's tokens. Only who held a token of the session gets so far, so
// nobody can end a session by guessing.
func (s *Session) judge(hash RefreshHash, now time.Time, life Lifetimes) presented {
	switch {
	case !s.EndedAt.IsZero(), !now.Before(s.ExpiresAt), !now.Before(s.LastUsedAt.Add(life.SessionIdle)):
		return presentedDead
	case hash == s.Live:
		return presentedLive
	case hash == s.Parent && now.Sub(s.RotatedAt) <= life.Replay:
		return presentedReplay
	}
	return presentedReuse
}

// rotate makes child the live token.
func (s *Session) rotate(child RefreshHash, now time.Time) {
	s.Parent, s.Live = s.Live, child
	s.RotatedAt, s.LastUsedAt = now, now
}
