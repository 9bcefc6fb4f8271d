package check

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tallygate/kit/ticket"
	"tallygate/kit/token"
)

const (
	// MaxUserTickets is how many tickets of a user may be used within TicketWindow. A page with as many images loads.
	MaxUserTickets = 1000
	// maxTickets is the same for all users together. They take about 5 MB.
	maxTickets = 50_000
	// TicketWindow is how long a used ticket is remembered: as long as Open may still accept it.
	TicketWindow = ticket.Life + token.Leeway
)

// errUsed is a ticket that has been used here before. To clients it looks like any other invalid token.
var errUsed = fmt.Errorf("%w: used", token.ErrInvalid)

// Ticket decides by a ticket, as Check would by the access token in it, which is returned too. good reports whether the
// request is for the path that the ticket was made for. A ticket that passes is used up, whatever becomes of the request.
// Errors: those of Check; token.ErrInvalid also for a ticket that is used, or for another path; ErrUserTickets, ErrTickets.
func (c *Checker) Ticket(ctx context.Context, raw string, good func(path string) bool) (Identity, string, error) {
	t, err := c.open(raw, good)
	if err != nil {
		return Identity{}, "", c.metrics.refuse(err)
	}
	who, err := c.Check(ctx, []string{t.Token})
	if err != nil {
		return Identity{}, "", err // Check has counted it
	}
	// Last, so that a ticket is not lost while the user cannot be looked up.
	if err := c.used.use(t.ID, who.UserID, c.cfg.Now()); err != nil {
		return Identity{}, "", c.metrics.refuse(err)
	}
	return who, t.Token, nil
}

func (c *Checker) open(raw string, good func(path string) bool) (ticket.Ticket, error) {
	if c.cfg.Tickets == nil {
		return ticket.Ticket{}, token.ErrInvalid
	}
	t, err := c.cfg.Tickets.Open(raw, c.cfg.Now())
	if err == nil && t.Path != "" && !good(t.Path) {
		err = token.ErrInvalid
	}
	return t, err
}

// usedTickets remembers which tickets have been used, each for TicketWindow at least. When it is full, it refuses tickets
// and forgets none: a forgotten ticket could be used again. A user's share of it is bounded. The zero value is empty.
type usedTickets struct {
	mu    sync.Mutex
	young generation // since young.began
	old   generation // the window before
}

// generation is what was used within one window.
type generation struct {
	began  time.Time
	ids    map[ticket.ID]struct{}
	byUser map[int64]int
}

// use notes that a ticket is used now. Errors: errUsed, ErrUserTickets, ErrTickets.
func (u *usedTickets) use(id ticket.ID, userID int64, now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(now)
	_, inYoung := u.young.ids[id]
	_, inOld := u.old.ids[id]
	switch {
	case inYoung || inOld:
		return errUsed
	case u.young.byUser[userID]+u.old.byUser[userID] >= MaxUserTickets:
		return ErrUserTickets
	case len(u.young.ids)+len(u.old.ids) >= maxTickets:
		return ErrTickets
	}
	u.young.ids[id] = struct{}{}
	u.young.byUser[userID]++
	return nil
}

// turn begins a new generation when the young one is as old as a window: what the old one holds is older than that.
func (u *usedTickets) turn(now time.Time) {
	age := now.Sub(u.young.began)
	if age < TicketWindow && u.young.ids != nil {
		return
	}
	if u.old = u.young; age >= 2*TicketWindow {
		u.old = generation{}
	}
	u.young = generation{began: now, ids: map[ticket.ID]struct{}{}, byUser: map[int64]int{}}
}
