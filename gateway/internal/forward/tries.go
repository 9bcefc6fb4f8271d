package forward

import "tallygate/gateway/internal/upstream"

// fate is what became of a try that brought no response.
type fate int

const (
	final  fate = iota // nothing more is to be done, or there is a response
	unsent             // no connection could be opened: the replica has seen no byte
	closed             // the kept connection broke: most likely the replica had closed it before
	hung               // the active check found that the replica hangs
	failed             // the replica broke off
)

// tries are the tries of one request. They decide whether there is another one, as docs/routes.md says under "Upstreams".
// A request that replicas may have carried out is sent to at most 1 + Retries of them, and to one more if it only reads.
type tries struct {
	upstream *upstream.Upstream
	// repeatable: the request may be sent again although it may have been carried out. reads: it changes nothing.
	repeatable, reads bool

	avoid    *upstream.Replica // the last one that failed
	fresh    bool              // only a new connection will do
	unsent   int
	again    int  // sent again
	usedFree bool // the one retry outside the budget has been used
	moved    bool // a replica was found to hang
}

// newTries is for a request that is whole in memory. Any other is only sent again if no byte of it was sent.
func newTries(u *upstream.Upstream, method []byte) tries {
	return tries{upstream: u, repeatable: repeatable(u, method), reads: onlyReads(method)}
}

// another reports whether there is another try after one at replica t, which ended with why.
func (r *tries) another(why fate, t *upstream.Replica) bool {
	r.avoid = t
	switch why {
	case final:
		return false
	case unsent:
		r.unsent++
		// The first goes to any other replica, even if none is available. More go only to those that are.
		return r.unsent <= r.upstream.Len() && r.upstream.HasOther(t, r.unsent > 1)
	case hung:
		r.moved = true
	case closed:
		// One kept connection was dead: the others may be dead too, and would be tried in turn.
		r.fresh = true
	}
	if !r.repeatable {
		return false
	}
	// One retry is free if the request is not to blame. It adds no load: a connection is kept only after a response, and a
	// replica that hangs does no work.
	if r.reads && !r.usedFree && (why == closed || why == hung) {
		r.usedFree = true
		return true
	}
	r.again++
	return r.again <= r.upstream.Retries() && r.upstream.SpendRetry()
}

// movable reports whether the request is to be sent elsewhere if its replica is found to hang. That happens once: a request for
// which two replicas fall silent takes long by itself.
func (r *tries) movable() bool {
	return r.repeatable && !r.moved && (r.reads && !r.usedFree || r.again < r.upstream.Retries())
}

// repeatable reports whether a request that may have been carried out may be sent again: always if it only reads, and
// where retries are allowed if sending it twice has the effect of sending it once (RFC 9110 section 9.2.2). The second
// response may differ: what was deleted is no longer found.
func repeatable(u *upstream.Upstream, method []byte) bool {
	if string(method) == "PUT" || string(method) == "DELETE" {
		return u.Retries() > 0
	}
	return onlyReads(method)
}

// onlyReads reports whether the method is safe (RFC 9110 section 9.2.1).
func onlyReads(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}
