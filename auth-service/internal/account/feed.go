package account

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrCursorGone means that changes after the cursor may have been forgotten, or that it is from another database. The
// reader has to forget what it knows and begin again without a cursor.
var ErrCursorGone = errors.New("cursor is too old")

// How much one page of the feed holds: so many records, and fewer when they hold many parts, which are ended sessions, API keys
// and the routes of those. A few users who sign out all the time must not make it larger than a gateway accepts.
const (
	maxChanges     = 1000
	recordsAtOnce  = 50
	maxPartsInFeed = 100_000
)

// pollInterval is how often the change counter is read while somebody waits for a change.
const pollInterval = 100 * time.Millisecond

// Feed gives readers the changes of users and plans as they happen, in all replicas. The change counter is read once an interval,
// however many readers wait. Safe for concurrent use.
type Feed struct {
	cfg FeedConfig

	mu      sync.Mutex
	waiters int
	wanted  chan struct{} // has one entry when somebody began to wait
	news    chan struct{} // closed when latest or err have changed
	latest  ChangeCounter
	err     error
}

// Page is a part of the feed.
type Page struct {
	Records []Record // of users who have changed
	Plans   []Plan   // that have changed
	Position
}

// Position is a place in the feed, and the epoch in which it was read.
type Position struct {
	Cursor int64
	Epoch  int64
}

// FeedConfig is what a Feed is made of. All but Now are required.
type FeedConfig struct {
	Store Store
	// EndedLife is how long records name a session after its end; see Lifetimes.Ended.
	EndedLife time.Duration
	Now       func() time.Time // time.Now if nil
}

// NewFeed returns a feed. Somebody has to call Run.
func NewFeed(cfg FeedConfig) *Feed {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Feed{cfg: cfg, wanted: make(chan struct{}, 1), news: make(chan struct{})}
}

// Start is where the feed is now, with all plans as they are now, or a moment later.
func (f *Feed) Start(ctx context.Context) (Page, error) {
	now, err := f.cfg.Store.ChangeCounter(ctx)
	if err != nil {
		return Page{}, err
	}
	plans, err := f.cfg.Store.PlansNamed(ctx, nil)
	return Page{Plans: plans, Position: Position{Cursor: now.Last, Epoch: now.Epoch}}, err
}

// After returns what has changed after the cursor, and the position after that. If there is nothing it waits for at most
// wait, or until an epoch begins. Errors: ErrCursorGone, fault.ErrUnavailable.
func (f *Feed) After(ctx context.Context, cursor int64, wait time.Duration) (Page, error) {
	now, err := f.cfg.Store.ChangeCounter(ctx)
	switch {
	case err != nil:
		return Page{}, err
	case cursor < now.Pruned || cursor > now.Last:
		return Page{}, ErrCursorGone
	}
	at := Position{Cursor: cursor, Epoch: now.Epoch}
	if now.Last == cursor && wait > 0 {
		if at.Epoch, err = f.await(ctx, at, wait); err != nil {
			return Page{}, err
		}
	}
	changes, err := f.cfg.Store.ChangesAfter(ctx, cursor, maxChanges)
	if err != nil || len(changes) == 0 {
		return Page{Position: at}, err
	}
	return f.page(ctx, changes, at)
}

// page returns the users and plans that have changed, or the first of them.
func (f *Feed) page(ctx context.Context, changes []Noted, at Position) (Page, error) {
	page := Page{Position: at}
	parts := 0
	for some := range slices.Chunk(changes, recordsAtOnce) {
		records, plans, err := f.changed(ctx, some)
		if err != nil {
			return Page{}, err
		}
		for _, c := range some {
			page.Cursor = c.Number
			if c.UserID == 0 {
				page.Plans, plans = append(page.Plans, plans[0]), plans[1:]
				continue
			}
			page.Records = append(page.Records, records[0])
			if parts += records[0].parts(); parts >= maxPartsInFeed {
				return page, nil
			}
			records = records[1:]
		}
	}
	return page, nil
}

// changed returns the users and the plans that have changed, both in the order of the changes. A plan that is there no more was
// deleted.
func (f *Feed) changed(ctx context.Context, changes []Noted) (records []Record, plans []Plan, err error) {
	var ids []int64
	var names []string
	for _, c := range changes {
		if c.UserID == 0 {
			names = append(names, c.Plan)
		} else {
			ids = append(ids, c.UserID)
		}
	}
	if len(ids) > 0 {
		if records, err = f.cfg.Store.Records(ctx, ids, f.cfg.EndedLife, f.cfg.Now().UTC()); err != nil {
			return nil, nil, err
		}
	}
	if len(names) == 0 {
		return records, nil, nil
	}
	found, err := f.cfg.Store.PlansNamed(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	byName := make(map[string]Plan, len(found))
	for _, p := range found {
		byName[p.Name.String()] = p
	}
	for _, c := range changes {
		if c.UserID != 0 {
			continue
		}
		p, there := byName[c.Plan]
		if !there {
			p = Plan{Name: PlanName(c.Plan), Version: c.Number, Deleted: true}
		}
		plans = append(plans, p)
	}
	return records, plans, nil
}

// await returns when there is a change after the position, an epoch has begun, or wait is over. It returns the epoch. An
// outage ends it at once: the reader must not believe that nothing changes.
func (f *Feed) await(ctx context.Context, at Position, wait time.Duration) (epoch int64, err error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiters++
	defer func() { f.waiters-- }()
	for first := true; ; first = false {
		if !first && f.err != nil {
			return 0, f.err
		}
		if f.latest.Last > at.Cursor || f.latest.Epoch > at.Epoch {
			return max(f.latest.Epoch, at.Epoch), nil
		}
		news := f.news
		select {
		case f.wanted <- struct{}{}:
		default:
		}
		f.mu.Unlock()
		var over bool
		select {
		case <-news:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			over = true
		}
		f.mu.Lock()
		if over {
			return at.Epoch, ctx.Err()
		}
	}
}

// Run reads the change counter while somebody waits for a change, until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-f.wanted:
		case <-ctx.Done():
			return
		}
		for f.waiting() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			f.publish(f.cfg.Store.ChangeCounter(ctx))
		}
	}
}

func (f *Feed) waiting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiters > 0
}

// publish wakes the waiters if there is something new.
func (f *Feed) publish(now ChangeCounter, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.err == nil && now == f.latest {
		return
	}
	f.err = err
	if err == nil {
		f.latest = now
	}
	close(f.news)
	f.news = make(chan struct{})
}
