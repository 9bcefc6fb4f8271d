package forward

import "tallygate/gateway/internal/upstream"

// GoesElsewhere reports whether a request of which no byte was sent to the replica tried may be sent to another.
func GoesElsewhere(u *upstream.Upstream, tried *upstream.Replica) bool {
	return (&tries{upstream: u}).another(unsent, tried)
}

// Offers is to how many replicas a request is offered if none takes it.
func Offers(u *upstream.Upstream) int {
	r := tries{upstream: u}
	for n := 1; ; n++ {
		t := u.Pick(r.avoid)
		t.Failed(true)
		if !r.another(unsent, t) {
			return n
		}
	}
}

// Frames finds the borders between WebSocket frames.
type Frames struct{ f frames }

// Take is how much of p is sent on, up to the next border if toBorder.
func (f *Frames) Take(p []byte, toBorder bool) int { return f.f.take(p, toBorder) }

// AtBorder reports whether a close frame may follow.
func (f *Frames) AtBorder() bool { return f.f.atBorder() && !f.f.closing }
