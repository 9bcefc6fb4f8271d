package wire

import "time"

// paceGrace is how long a body may be waited for before it needs its least rate.
const paceGrace = 20 * time.Second

// Pace is how fast a body comes. Only the time in which it is waited for counts. The zero value demands nothing.
type Pace struct {
	// Least is how many bytes must come in a second, on average; 0: any number.
	Least int64

	came   int64
	waited int64 // milliseconds
	since  int64 // of the watch's clock
}

// Wait begins to wait for the next piece, at a time of the watch's clock. It returns how long that may take: most, unless the
// body has come so slowly that less is left. late reports whether less is.
func (p *Pace) Wait(now int64, most time.Duration) (d time.Duration, late bool) {
	p.since = now
	if p.Least <= 0 {
		return most, false
	}
	earned := min(p.came/p.Least, 1<<32) // in seconds
	left := paceGrace + time.Duration(earned)*time.Second - time.Duration(p.waited)*time.Millisecond
	if left >= most {
		return most, false
	}
	return max(left, time.Millisecond), true
}

// Had counts bytes that were not waited for.
func (p *Pace) Had(n int) { p.came += int64(n) }

// Came ends the wait: so many bytes have come.
func (p *Pace) Came(now int64, n int) {
	p.waited += now - p.since
	p.came += int64(n)
}
