package guess

import (
	"crypto/sha256"
	"time"
)

// Key names a counter without naming the user or the address in it.
type Key [sha256.Size]byte

// Counter counts the failures under one key. The zero value has seen nothing.
type Counter struct {
	Failures     int
	Pending      int // attempts that are being verified now
	PendingUntil time.Time
	BlockedUntil time.Time
	ForgottenAt  time.Time
}

// decision is what a counter says about one more attempt. The greater one prevails.
type decision int

const (
	admitted decision = iota
	mustWait          // the pending attempts may use up what is free: try again when they have ended
	blocked           // not before BlockedUntil
)

// admit decides whether an attempt may be verified now, and counts it as pending if so. free is the number of failures
// without a delay.
func (c Counter) admit(free int, limits Limits, now time.Time) (Counter, decision) {
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
		return c, mustWait
	}
	// The newest attempt sets the time. With the time of the first, the others would be forgotten while they are verified.
	c.PendingUntil = now.Add(pendingLife)
	c.Pending++
	return c.remember(limits, now), admitted
}

// settle records how a pending attempt ended.
func (c Counter) settle(o Outcome, how counted, limits Limits, now time.Time) Counter {
	c.Pending = max(c.Pending-1, 0)
	switch {
	case o == Wrong:
		c.Failures++
		if past := c.Failures - how.policy.Free; past >= 0 {
			c.BlockedUntil = now.Add(delay(past, how.longest, limits))
		}
	case o == Right && how.resets:
		c.Failures = 0
	}
	return c.remember(limits, now)
}

// remember puts off the time at which the counter is forgotten.
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
