package account

import (
	"crypto/sha256"
	"net/netip"
	"time"
)

// GuessLimits bound how fast passwords can be guessed.
type GuessLimits struct {
	PerName    int           // failures of one user name at one address that are free
	PerAddress int           // failures at one address, whatever the name, that are free
	Window     time.Duration // how long after the last failure, or after the delay that it brought, all is forgotten
	FirstDelay time.Duration // the delay after the last free failure; each further one doubles it
	MaxDelay   time.Duration
	// KnownMaxDelay takes MaxDelay's place for a user name at an address where that user has signed in before, and guesses
	// wait for its end: whoever shares the address must not keep the owner out.
	KnownMaxDelay time.Duration
	// Registrations is how many new users of one address are free, 0 for any number. Past them the same delays apply.
	Registrations int
}

// Policy is a limit as clients are told of it.
type Policy struct {
	Name   string
	Free   int // in a Window
	Window time.Duration
}

func (l GuessLimits) policy(name string, free int) Policy {
	return Policy{Name: name, Free: free, Window: l.Window}
}

// GuessKey names a counter without naming the user or the address in it.
type GuessKey [sha256.Size]byte

// GuessCounter counts the failures of one key. The zero value is one that has seen nothing.
type GuessCounter struct {
	Failures     int
	Pending      int // guesses that are being verified now
	PendingUntil time.Time
	BlockedUntil time.Time
	ForgottenAt  time.Time
}

// pendingLife is how long guesses count as pending. One takes far less; those of a process that died must not stand in
// the way for longer.
const pendingLife = 30 * time.Second

// admission is what a counter says to one more guess.
type admission int

const (
	admitted admission = iota
	crowded            // the guesses that are being verified may use up what is free: ask again when they have ended
	blocked            // not before BlockedUntil
)

// admit decides whether a guess may be verified now, and counts it as pending if so. free is what the key has for
// nothing.
func (c GuessCounter) admit(free int, limits GuessLimits, now time.Time) (GuessCounter, admission) {
	if !now.Before(c.ForgottenAt) {
		c = GuessCounter{}
	}
	if !now.Before(c.PendingUntil) {
		c.Pending = 0
	}
	switch {
	case now.Before(c.BlockedUntil):
		return c, blocked
	case c.Failures >= free && c.Pending > 0, c.Failures < free && c.Failures+c.Pending >= free:
		return c, crowded
	}
	// The last one counts: the time of the first would let the others be forgotten while they are verified.
	c.PendingUntil = now.Add(pendingLife)
	c.Pending++
	return c.remember(limits, now), admitted
}

// outcome is how a guess that was admitted ended.
type outcome int

const (
	guessedWrong outcome = iota
	guessedRight
	notVerified // given up before anything was compared
)

// settle notes how a pending guess ended. A right one forgives the failures of its own name, but not those of the
// address: an attacker may have an account too.
func (c GuessCounter) settle(o outcome, forgive bool, free int, longest time.Duration, limits GuessLimits, now time.Time) GuessCounter {
	c.Pending = max(c.Pending-1, 0)
	switch {
	case o == guessedWrong:
		c.Failures++
		if c.Failures >= free {
			c.BlockedUntil = now.Add(delay(c.Failures-free, longest, limits))
		}
	case o == guessedRight && forgive:
		c.Failures = 0
	}
	return c.remember(limits, now)
}

// remember puts off the day on which the counter is forgotten.
func (c GuessCounter) remember(limits GuessLimits, now time.Time) GuessCounter {
	c.ForgottenAt = now.Add(limits.Window)
	if c.BlockedUntil.After(now) {
		c.ForgottenAt = c.BlockedUntil.Add(limits.Window)
	}
	return c
}

// delay doubles with each failure past the free ones.
func delay(past int, longest time.Duration, limits GuessLimits) time.Duration {
	d := limits.FirstDelay
	for range past {
		if d >= longest {
			break
		}
		d *= 2
	}
	return min(d, longest)
}

// guessScope is what a guess is counted under.
type guessScope struct {
	name    string
	address netip.Addr
}

// network is the part of the address that one customer of a provider holds: all of an IPv4 address, and the first 64
// bits of an IPv6 one, whose other 64 cost nothing to vary.
func (s guessScope) network() string {
	if s.address.Is6() {
		if prefix, err := s.address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return s.address.String()
}

func (s guessScope) addressKey() GuessKey {
	return sha256.Sum256([]byte("address\x00" + s.network()))
}

func (s guessScope) nameKey() GuessKey {
	return sha256.Sum256([]byte("name\x00" + s.network() + "\x00" + s.name))
}
