package forward

import (
	"errors"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// GoesElsewhere reports whether a request of which no byte was sent to the replica tried may be sent to another.
func GoesElsewhere(u *upstream.Upstream, tried *upstream.Replica) bool {
	return (&tries{upstream: u}).another(unsent, tried)
}

// Offers is to how many replicas a request is offered if none takes it.
func Offers(u *upstream.Upstream) int {
	r := tries{upstream: u}
	for n := 1; ; n++ {
		t := u.Pick(r.avoid)
		t.Failed(true, errors.New("it takes no connection"))
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

// Linking is an exchange with an upstream whose paths differ from the client's.
type Linking struct {
	Links        Links
	Prefix, Base string
	// Proto and Host are by which the client has reached the gateway. HostSent is the Host field that the upstream got.
	Proto, Host, HostSent string
}

func (l *Linking) exchange() *Exchange {
	head := &wire.Request{Host: []byte(l.HostSent)}
	return &Exchange{req: &Request{Links: &l.Links, Prefix: []byte(l.Prefix), Base: l.Base, Proto: l.Proto, Host: []byte(l.Host), Head: head}}
}

// Link is what the client gets of a link.
func (l *Linking) Link(value string) string {
	return string(l.exchange().appendLink(nil, []byte(value)))
}

// Refresh and Cookie are what the client gets of fields.
func (l *Linking) Refresh(value string) string {
	return string(l.exchange().appendRefresh(nil, []byte(value)))
}

func (l *Linking) Cookie(value string) string {
	return string(l.exchange().appendCookie(nil, []byte(value)))
}
