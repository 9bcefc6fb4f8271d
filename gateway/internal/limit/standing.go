package limit

import "time"

// Standing is what a limit leaves to a user after a call: what RateLimit-Policy and RateLimit say of it
// (draft-ietf-httpapi-ratelimit-headers).
type Standing struct {
	Name   string
	Quota  int64 // in each Window
	Window time.Duration
	// Remaining never rises before Reset has passed.
	Remaining int64
	Reset     time.Duration
}

// Standings are those of one call, under two rates and three quotas at most. The zero value has none.
type Standings struct {
	all [5]Standing
	n   int
}

// Add adds a standing.
func (s *Standings) Add(one Standing) {
	s.all[s.n] = one
	s.n++
}

// All are those that were added.
func (s *Standings) All() []Standing { return s.all[:s.n] }

// Reset removes all.
func (s *Standings) Reset() { s.n = 0 }
