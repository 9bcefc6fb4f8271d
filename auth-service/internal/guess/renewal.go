package guess

import (
	"context"
	"sync"
	"time"
)

const (
	// pendingLife is how long an attempt counts as pending without being renewed. Attempts of a process that died hold up others for
	// no longer, which is less than an attempt waits by default.
	pendingLife = 3 * time.Second
	// renewInterval is how often a process renews its attempts. Most have ended before the first time.
	renewInterval = time.Second
)

// renewals keep the attempts of this process pending until they end, however long that takes.
type renewals struct {
	store Store
	now   func() time.Time

	mu       sync.Mutex
	attempts map[*Attempt]time.Time // when they were admitted
	timer    *time.Timer            // nil while there are none
}

func newRenewals(store Store, now func() time.Time) *renewals {
	return &renewals{store: store, now: now, attempts: map[*Attempt]time.Time{}}
}

func (r *renewals) add(a *Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts[a] = r.now()
	if r.timer == nil {
		r.timer = time.AfterFunc(renewInterval, r.renew)
	}
}

// join makes one attempt of two.
func (r *renewals) join(a, next *Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.under = append(a.under, next.under...)
	delete(r.attempts, next)
}

func (r *renewals) remove(a *Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.attempts, a)
}

// renew renews the counters of attempts that are not new.
func (r *renewals) renew() {
	under, pending := r.due()
	if len(under) > 0 {
		// After an error the next time comes before the attempts count no more.
		_ = r.store.UpdateGuesses(context.Background(), updateOf(under, func(counters []Counter) []Counter {
			after := make([]Counter, len(counters))
			for i, c := range counters {
				after[i] = c.renew(pending[under[i].key], r.now())
			}
			return after
		}))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.attempts) == 0 {
		r.timer = nil
		return
	}
	r.timer.Reset(renewInterval)
}

// due are the counters of attempts that were admitted a while ago, and how many attempts of this process each has.
func (r *renewals) due() (under []counted, pending map[Key]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pending = map[Key]int{}
	old := map[Key]bool{}
	for a, admitted := range r.attempts {
		for _, c := range a.under {
			pending[c.key]++
			if !old[c.key] && r.now().Sub(admitted) >= renewInterval/2 {
				old[c.key], under = true, append(under, c)
			}
		}
	}
	return under, pending
}

// renew puts off the time at which pending attempts are taken for lost. If it has come already, because this process stood still or had
// no database, its own attempts count again.
func (c Counter) renew(own int, now time.Time) Counter {
	if !now.Before(c.PendingUntil) {
		c.Pending = own
	}
	if c.Pending > 0 {
		c.PendingUntil = now.Add(pendingLife)
	}
	return c
}
