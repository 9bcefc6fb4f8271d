package check

import (
	"context"
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
	ended    chan struct{} // closed when a question ends
}

func newQuestions() *questions {
	return &questions{asking: map[apikey.Digest]*question{}, askers: map[string]*asker{}, young: map[apikey.Digest]struct{}{}}
}

// join returns the question about a key, and begins it with send unless it is under way. A client without a name is the gateway itself.
// Errors: token.ErrInvalid for an unknown key, and for any key of a client that has asked about too many; ErrLookup if ctx ends.
func (q *questions) join(ctx context.Context, digest apikey.Digest, client string, now func() time.Time, send func(*question)) (*question, error) {
	for {
		one, isNew, wait, err := q.find(digest, client, now())
		if err != nil {
			return nil, err
		}
		if isNew {
			go send(one) // it does not end with the call that caused it
		}
		if one != nil {
			return one, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ErrLookup
		}
	}
}

// find returns the question, or what to wait for before it can begin.
func (q *questions) find(digest apikey.Digest, client string, now time.Time) (one *question, isNew bool, wait <-chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one := q.asking[digest]; one != nil {
		return one, false, nil, nil
	}
	_, inYoung := q.young[digest]
	if _, inOld := q.old[digest]; inYoung || inOld && now.Sub(q.youngAt) < unknownTime {
		return nil, false, nil, token.ErrInvalid
	}
	if client != "" {
		a := q.asker(client, now)
		switch {
		case a == nil, a.level+1 > unknownBurst:
			return nil, false, nil, token.ErrInvalid
		case a.level+float64(a.inFlight)+1 > unknownBurst:
			return nil, false, a.ended, nil
		}
		a.inFlight++
	}
	one = &question{digest: digest, client: client, done: make(chan struct{})}
	q.asking[digest] = one
	return one, true, nil, nil
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
		if a.drain(now); a.level == 0 && a.inFlight == 0 {
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
