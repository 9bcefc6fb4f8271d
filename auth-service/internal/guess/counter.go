package guess

import (
	"crypto/sha256"
	"time"
)

// Key names a counter without naming the user or the address in it.
type Key [sha256.Size]byte

// Counter counts the failures of one key. The zero value is one that has seen nothing.
type Counter struct {
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
func (c Counter) admit(free int, limits Limits, now time.Time) (Counter, admission) {
	if !now.Before(c.ForgottenAt) {
		c = Counter{}
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

// settle notes how a pending guess ended. A right one forgives the failures of its own name, but not those of the
// address: an attacker may have an account too.
func (c Counter) settle(o Outcome, forgive bool, free int, longest time.Duration, limits Limits, now time.Time) Counter {
	c.Pending = max(c.Pending-1, 0)
	switch {
	case o == Wrong:
		c.Failures++
		if c.Failures >= free {
			c.BlockedUntil = now.Add(delay(c.Failures-free, longest, limits))
		}
	case o == Right && forgive:
		c.Failures = 0
	}
	return c.remember(limits, now)
}

// remember puts off the day on which the counter is forgotten.
func (c Counter) remember(limits Limits, now time.Time) Counter {
	c.ForgottenAt = now.Add(limits.Window)
	if c.BlockedUntil.After(now) {
		c.ForgottenAt = c.BlockedUntil.Add(limits.Window)
	}
	return c
}

// delay doubles with each failure past the free ones.
func delay(past int, longest time.Duration, limits Limits) time.Duration {
	d := limits.FirstDelay
	for range past {
		if d >= longest {
			break
		}
		d *= 2
	}
	return min(d, longest)
}
