package check

import (
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
)

// user holds one user's state.
type user struct {
	id int64
	// state is nil while nothing is known: before the first fetch has ended, and after the user was forgotten.
	state atomic.Pointer[state]

	// Guarded by users.mu.
	until    time.Time         // when the last of the user's tokens that were seen expires
	fetching map[string]*fetch // by fetchKey
	failedAt time.Time         // when the last fetch failed

	// tokens are the user's entries in the table of tokens, the oldest first. Guarded by tokens.mu.
	tokens []*entry
}

// fetch is a request for a user's record that is under way. All calls with the same token wait for the same fetch.
type fetch struct {
	key      string
	question authclient.Question
	token    *entry // because of which it began; after done it says what was found
	history  uint64 // in which it began
	done     chan struct{}
	state    *state // after done; nil if it failed
}

// users are the users that the feed keeps up to date.
type users struct {
	maxUsers int
	plans    *plans

	mu        sync.Mutex
	byID      map[int64]*user
	ended     int       // sessions in all states
	fetches   int       // under way
	failedAt  time.Time // when the last fetch of any user failed
	listeners map[*heard]struct{}
}

// heard is what the feed brings while auth-service is asked about an API key: until the answer comes it is not known whose
// key it is, and so not whose changes are needed.
type heard struct {
	records map[int64]*authclient.Record
	void    bool // the feed began anew
}

func newUsers(maxUsers int) *users {
	return &users{maxUsers: maxUsers, plans: newPlans(), byID: map[int64]*user{}, listeners: map[*heard]struct{}{}}
}

// get returns the user, and adds it if necessary. No sweep forgets it before until. u.mu is held.
func (u *users) get(id int64, until time.Time) *user {
	at := u.byID[id]
	if at == nil {
		if len(u.byID) >= u.maxUsers {
			u.evict()
		}
		at = &user{id: id}
		u.byID[id] = at
	}
	if until.After(at.until) {
		at.until = until
	}
	return at
}

// evict forgets an eighth of the users, in no order. u.mu is held.
func (u *users) evict() {
	n := max(u.maxUsers/8, 1)
	for _, at := range u.byID {
		if n == 0 {
			return
		}
		if len(at.fetching) == 0 {
			u.forget(at)
			n--
		}
	}
}

// forget removes a user. A token's entry that still leads to it finds no state, and the user is looked up again. u.mu is held.
func (u *users) forget(at *user) {
	u.set(at, nil)
	delete(u.byID, at.id)
}

// set replaces a user's state. u.mu is held.
func (u *users) set(at *user, next *state) {
	if held := at.state.Load(); held != nil {
		u.ended -= len(held.ended)
	}
	if next != nil {
		u.ended += len(next.ended)
	}
	at.state.Store(next)
}

// sweep forgets users and ended sessions whose tokens have all expired.
func (u *users) sweep(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, at := range u.byID {
		if len(at.fetching) == 0 && now.After(at.until) {
			u.forget(at)
		} else if held := at.state.Load(); held != nil {
			u.set(at, held.pruned(now))
		}
	}
}

// clear forgets all.
func (u *users) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, at := range u.byID {
		u.set(at, nil)
	}
	u.byID = map[int64]*user{}
	for h := range u.listeners {
		h.void = true
	}
}

func (u *users) listen() *heard {
	u.mu.Lock()
	defer u.mu.Unlock()
	h := &heard{records: map[int64]*authclient.Record{}}
	u.listeners[h] = struct{}{}
	return h
}

func (u *users) ignore(h *heard) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.listeners, h)
}

// apply takes over a record if the user is in memory and nothing newer is known.
func (u *users) apply(r *authclient.Record, history uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at := u.byID[r.UserID]; at != nil {
		u.update(at, r, history)
	}
	for h := range u.listeners {
		h.records[r.UserID] = r
	}
}

// update takes over a record if nothing newer is known. Versions order the records of one history. u.mu is held.
func (u *users) update(at *user, r *authclient.Record, history uint64) {
	if r.PlanLimits != nil { // the feed may not have brought it yet
		u.plans.update(r.PlanLimits, history)
	}
	held := at.state.Load()
	if held == nil || history > held.history || history == held.history && r.Version >= held.version {
		var plan *heldPlan
		if r.Plan != "" {
			plan = u.plans.held(r.Plan)
		}
		u.set(at, newState(r, history, plan))
	}
}

func (u *users) len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.byID)
}

func (u *users) endedSessions() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended
}
