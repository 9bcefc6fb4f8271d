package limit

import (
	"context"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/every"
)

const (
	// reportEvery is the time between two reports while there are calls to report. An empty one, every aliveEvery, says that
	// this gateway is alive, and gets what others have let through.
	reportEvery = 100 * time.Millisecond
	aliveEvery  = 400 * time.Millisecond
	// reportPause is the least time between two reports, in which those who ask gather.
	reportPause = 10 * time.Millisecond
	// reportTimeout is how long a report may take, askTimeout how long a call waits for one.
	reportTimeout = time.Second
	askTimeout    = 300 * time.Millisecond
	// awayAfter is the time without a response after which this gateway lets through its part and asks nobody.
	awayAfter = 1500 * time.Millisecond
	// unusedAfter is the time without a call under any rate after which nothing is reported.
	unusedAfter = time.Minute
)

// round is a report and its response. Calls that ask wait for done.
type round struct{ done chan struct{} }

func newRound() *round { return &round{done: make(chan struct{})} }

// ask has the limits reported at once, and waits for the response. It reports whether there was one in time.
func (r *Rates) ask(ctx context.Context, lane *rateLane, userID int64, limits []Limit) bool {
	if r.cfg.Sharer == nil {
		return false
	}
	lane.mu.Lock()
	for i := range limits {
		lane.report[rateKey{userID, limits[i].Key}] = limits[i].Name
	}
	lane.mu.Unlock()
	r.mu.Lock()
	next := r.round
	r.mu.Unlock()
	select {
	case r.hurry <- struct{}{}:
	default:
	}
	timer := time.NewTimer(askTimeout)
	defer timer.Stop()
	select {
	case <-next.done:
		return !r.away.Load()
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Run tells the other gateways what this one lets through, until ctx ends.
func (r *Rates) Run(ctx context.Context) error {
	if r.cfg.Sharer == nil {
		return nil
	}
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	var sentAt time.Time
	for {
		hurried := false
		select {
		case <-ctx.Done():
			return nil
		case <-r.hurry:
			hurried = true
			every.Sleep(ctx, sentAt.Add(reportPause).Sub(r.cfg.Now()))
		case <-tick.C:
		}
		now := r.cfg.Now()
		calls, keys := r.collect()
		used := now.UnixNano()-r.usedAt.Load() < int64(unusedAfter)
		if hurried || len(calls) > 0 || used && now.Sub(sentAt) >= aliveEvery {
			sentAt = now
			r.exchange(ctx, calls, keys)
		}
	}
}

// collect takes the calls that have to be reported.
func (r *Rates) collect() (calls []authclient.RateCalls, keys []rateKey) {
	for i := range r.lanes {
		lane := &r.lanes[i]
		lane.mu.Lock()
		for key, name := range lane.report {
			if len(calls) == authclient.MaxRateCalls {
				break
			}
			delete(lane.report, key)
			used := lane.marks[key]
			if used == nil {
				continue // forgotten, for want of room
			}
			calls = append(calls, authclient.RateCalls{
				UserID: key.user, Limit: name, Calls: int64(used.unreported), Step: used.step, Bound: used.bound,
			})
			keys = append(keys, key)
			used.unreported = 0
		}
		lane.mu.Unlock()
	}
	return calls, keys
}

// exchange sends a report and takes over the response.
func (r *Rates) exchange(ctx context.Context, calls []authclient.RateCalls, keys []rateKey) {
	r.mu.Lock()
	ended := r.round
	r.round = newRound()
	r.mu.Unlock()
	defer close(ended.done)
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	state, err := r.cfg.Sharer.ShareRates(ctx, authclient.RateReport{Gateway: r.cfg.Gateway, Calls: calls})
	now := r.cfg.Now()
	if err != nil {
		r.putBack(calls, keys)
		if now.UnixNano()-r.respondedAt.Load() > int64(awayAfter) && !r.away.Swap(true) {
			r.cfg.Log.Warn("rates are not shared with other gateways at the moment: each lets an equal part through", "error", err)
		}
		return
	}
	r.respondedAt.Store(now.UnixNano())
	if r.away.Swap(false) {
		r.cfg.Log.Info("rates are shared with other gateways again")
	}
	r.gateways.Store(int64(max(state.Gateways, 1)))
	if state.Gateways > 1 {
		r.learn(&state, now.UnixNano())
	}
}

// putBack notes calls that could not be reported.
func (r *Rates) putBack(calls []authclient.RateCalls, keys []rateKey) {
	for i, key := range keys {
		lane := &r.lanes[uint64(key.user)%lanes]
		lane.mu.Lock()
		if used := lane.marks[key]; used != nil {
			used.unreported += int32(calls[i].Calls)
		}
		lane.mu.Unlock()
	}
}

// learn takes over what all gateways have let through. What this one has since the report comes on top.
func (r *Rates) learn(state *authclient.RateState, now int64) {
	for i := range state.Marks {
		m := &state.Marks[i]
		limit, ok := (*r.names.Load())[m.Limit]
		if !ok {
			continue // no call of this gateway has been under it
		}
		key := rateKey{m.UserID, limit}
		lane := &r.lanes[uint64(key.user)%lanes]
		lane.mu.Lock()
		lane.makeRoom(now)
		used := lane.usage(key)
		used.all = now + m.Backlog + int64(used.unreported)*used.step
		used.toldAt = now
		lane.tell(key, m.Limit, used, now)
		lane.mu.Unlock()
	}
}
