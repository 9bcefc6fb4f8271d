package check

import (
	"context"
	"slices"
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
	"tallygate/kit/token"
)

const (
	// MaxUnknownKeys is how many questions about unknown keys one address may cause within any second.
	MaxUnknownKeys = 20
	// unknownBurst and unknownPerSecond keep to it: so many at once, and so many each second.
	unknownBurst     = MaxUnknownKeys / 2
	unknownPerSecond = MaxUnknownKeys / 2
	// A call of an address that has asked about as many unknown keys as it may waits for its turn: its own key may be good. So long,
	// and so many of an address at once; the others get ErrUnknownKeys.
	turnTimeout = 5 * time.Second
	maxInLine   = unknownPerSecond * int(turnTimeout/time.Second)
	// maxUnknown bounds each of the two generations of unknown keys that are remembered. A generation begins when the one
	// before is full, or as old as unknownTime.
	maxUnknown  = 50_000
	unknownTime = 10 * time.Second
	// maxAskers bounds the addresses whose questions are counted.
	maxAskers = 10_000
)

// questions are those about API keys. A key is asked about once at a time, an unknown one is remembered, and each address may
// cause so many questions about unknown ones.
type questions struct {
	mu      sync.Mutex
	asking  map[apikey.Digest]*question
	askers  map[string]*asker
	young   map[apikey.Digest]struct{} // unknown keys
	old     map[apikey.Digest]struct{}
	youngAt time.Time
}

// question is one that is under way. All calls with the key wait for it.
type question struct {
	digest apikey.Digest
	client string
	done   chan struct{}
	who    Identity // after done
	err    error    // after done
}

// asker is an address. It may have as many questions in flight as may turn out to be about unknown keys.
type asker struct {
	level    float64 // of unknown keys; it drains
	at       time.Time
	inFlight int
	line     []*turn       // of calls that wait for the level
	ended    chan struct{} // closed when a question ends
}

// turn is a call that may have to wait before it asks.
type turn struct {
	of    *asker // in whose line it is; nil: in none
	until time.Time

	ended <-chan struct{} // what to wait for,
	after time.Duration   // and at most how long
}

func newQuestions() *questions {
	return &questions{asking: map[apikey.Digest]*question{}, askers: map[string]*asker{}, young: map[apikey.Digest]struct{}{}}
}

// join returns the question about a key, and begins it with send unless it is under way. A client without a name is the gateway itself.
// Errors: token.ErrInvalid for an unknown key; ErrUnknownKeys for one that is not known to be unknown, if the client has asked about too
// many; ErrLookup if ctx ends.
func (q *questions) join(ctx context.Context, digest apikey.Digest, client string, now func() time.Time, send func(*question)) (*question, error) {
	t := &turn{until: now().Add(turnTimeout)}
	defer q.leave(t)
	for {
		one, isNew, err := q.find(digest, client, now(), t)
		if err != nil {
			return nil, err
		}
		if isNew {
			go send(one) // it does not end with the call that caused it
		}
		if one != nil {
			return one, nil
		}
		if err := t.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// wait waits until it is worth trying again.
func (t *turn) wait(ctx context.Context) error {
	timer := time.NewTimer(t.after)
	defer timer.Stop()
	select {
	case <-t.ended:
	case <-timer.C:
	case <-ctx.Done():
		return ErrLookup
	}
	return nil
}

// leave gives the place up.
func (q *questions) leave(t *turn) {
	if t.of == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	t.of.line = slices.DeleteFunc(t.of.line, func(other *turn) bool { return other == t })
}

// find returns the question. It is nil if the call has to wait first, as t then says.
func (q *questions) find(digest apikey.Digest, client string, now time.Time, t *turn) (one *question, isNew bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one := q.asking[digest]; one != nil {
		return one, false, nil
	}
	_, inYoung := q.young[digest]
	if _, inOld := q.old[digest]; inYoung || inOld && now.Sub(q.youngAt) < unknownTime {
		return nil, false, token.ErrInvalid
	}
	if client != "" {
		a := q.asker(client, now)
		if a == nil {
			return nil, false, ErrUnknownKeys
		}
		if mayAsk, err := a.admit(t, now); !mayAsk || err != nil {
			return nil, false, err
		}
		a.inFlight++
	}
	one = &question{digest: digest, client: client, done: make(chan struct{})}
	q.asking[digest] = one
	return one, true, nil
}

// admit reports whether a call of the address may ask now. If not, t says what to wait for. The error is ErrUnknownKeys.
func (a *asker) admit(t *turn, now time.Time) (mayAsk bool, err error) {
	over := max(a.level+float64(a.inFlight)+1-unknownBurst, 0)
	place := slices.Index(a.line, t)
	if over == 0 && (place == 0 || len(a.line) == 0) {
		return true, nil
	}
	if place < 0 && (a.level+1 > unknownBurst || len(a.line) > 0) {
		if len(a.line) == maxInLine {
			return false, ErrUnknownKeys
		}
		place = len(a.line)
		t.of, a.line = a, append(a.line, t)
	}
	if place >= 0 && !now.Before(t.until) {
		return false, ErrUnknownKeys
	}
	seconds := (over + float64(max(place, 0))) / unknownPerSecond
	t.ended, t.after = a.ended, max(time.Duration(seconds*float64(time.Second)), time.Millisecond)
	return false, nil
}

// asker returns an address, or nil if there are too many. q.mu is held.
func (q *questions) asker(client string, now time.Time) *asker {
	a := q.askers[client]
	if a == nil {
		if len(q.askers) >= maxAskers {
			q.forgetAskers(now)
		}
		if len(q.askers) >= maxAskers {
			return nil
		}
		a = &asker{at: now, ended: make(chan struct{})}
		q.askers[client] = a
	}
	a.drain(now)
	return a
}

func (a *asker) drain(now time.Time) {
	a.level = max(0, a.level-now.Sub(a.at).Seconds()*unknownPerSecond)
	a.at = now
}

func (q *questions) forgetAskers(now time.Time) {
	for client, a := range q.askers {
		if a.drain(now); a.level == 0 && a.inFlight == 0 && len(a.line) == 0 {
			delete(q.askers, client)
		}
	}
}

// end ends a question, whose who and err are set.
func (q *questions) end(one *question, unknown bool, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.asking, one.digest)
	if unknown {
		q.remember(one.digest, now)
	}
	if a := q.askers[one.client]; a != nil {
		a.drain(now)
		a.inFlight--
		if unknown {
			a.level++
		}
		close(a.ended)
		a.ended = make(chan struct{})
	}
	close(one.done)
}

// remember notes an unknown key. q.mu is held.
func (q *questions) remember(digest apikey.Digest, now time.Time) {
	if age := now.Sub(q.youngAt); age >= unknownTime || len(q.young) >= maxUnknown {
		q.old, q.young, q.youngAt = q.young, map[apikey.Digest]struct{}{}, now
		if age >= 2*unknownTime {
			q.old = nil
		}
	}
	q.young[digest] = struct{}{}
}

// exist notes that the feed has brought keys: they may have been unknown before.
func (q *questions) exist(keys []authclient.Key) {
	if len(keys) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range keys {
		for _, one := range keys[i].Hashes {
			if digest, err := apikey.ParseDigest(one.Hash); err == nil {
				delete(q.young, digest)
				delete(q.old, digest)
			}
		}
	}
}
