package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"tallygate/auth-service/internal/fault"
	"tallygate/kit/turn"
)

// Those who wait are called in this order.
const (
	ordinary turn.Rank = iota
	revoking           // ends a session
	changing           // changes a user. Whoever may do that has given a password or is an administrator
	private            // of gateways. It matters where there is one writer for both lanes
)

// access is how a call gets to the database: the turns that it waits for, in this order.
type access struct {
	lane *lane
	rank turn.Rank
	// lines, if not nil, has the line of those who want the same thing as this call.
	lines *turn.Lines
	key   string
	// ofOne: the line is one user's or session's, who alone is told that it is too long.
	ofOne bool
	// some: the call is one of those that must not take all turns of the lane.
	some bool
}

// known is for calls of somebody who has proved who they are.
func (s *Store) known() access { return access{lane: s.public} }

// unknown is for changes by anybody, who could be many: sign-ins and registrations. They leave half of the turns to others.
func (s *Store) unknown() access { return access{lane: s.public, some: true} }

// readsName is for calls that look for a user name, which anybody may send.
func (s *Store) readsName() access { return access{lane: s.public, lines: s.readers, key: "names"} }

// readsForged is for calls that show nothing but the id of a session.
func (s *Store) readsForged() access { return access{lane: s.public, lines: s.forged} }

// readsReset is for calls that look for a reset token.
func (s *Store) readsReset() access { return access{lane: s.public, lines: s.forged, key: "resets"} }

// readsOf is for calls that read what one user or session has. They are a few at once.
func (s *Store) readsOf(key string) access {
	return access{lane: s.public, lines: s.readers, key: key, ofOne: true}
}

// locksUser is for calls that lock a user's row: one at a time. More of them would wait in the database and hold a
// connection.
func (s *Store) locksUser(id int64, rank turn.Rank) access {
	return access{lane: s.public, rank: rank, lines: s.lockers, key: userKey(id), ofOne: true}
}

// ofGateways is for calls of the private listener.
func (s *Store) ofGateways() access { return access{lane: s.private, rank: private} }

func userKey(id int64) string { return "user " + strconv.FormatInt(id, 10) }

func sessionKey(id string) string { return "session " + id }

// ofBatches is for batches of usage, which may take long: other calls of gateways keep half of the turns.
func (s *Store) ofBatches() access {
	return access{lane: s.private, rank: private, lines: s.batches, some: true}
}

// ofLease is for leases of one user: one at a time, because each locks the user's row.
func (s *Store) ofLease(userID int64) access {
	return access{lane: s.private, rank: private, lines: s.leases, key: userKey(userID), ofOne: true, some: true}
}

// opensKey is for questions about API keys, which anybody can cause: invented keys of the right form are many. Other calls of
// gateways keep half of the turns.
func (s *Store) opensKey() access {
	return access{lane: s.private, rank: private, lines: s.openings, some: true}
}

// marksSession is for first uses of a session's tokens: one at a time, because each writes the session's row.
func (s *Store) marksSession(id string) access {
	return access{lane: s.private, rank: private, lines: s.leases, key: sessionKey(id), ofOne: true, some: true}
}

// enter waits for the turns, for as long as a call may take. leave gives them back. Errors: fault.ErrCrowded,
// fault.ErrBusy, fault.ErrUnavailable, ctx's.
func (s *Store) enter(ctx context.Context, a access, writes bool) (leave func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	leave = func() {}
	if a.lines != nil {
		if leave, err = a.lines.Take(waiting, a.key, a.rank); err != nil {
			why := fault.ErrBusy
			if errors.Is(err, turn.ErrTooMany) && a.ofOne {
				why = fault.ErrCrowded
			}
			return nil, refusal(ctx, why, err)
		}
	}
	if a.some {
		if err := a.lane.some.Take(waiting, a.rank); err != nil {
			leave()
			return nil, refusal(ctx, fault.ErrBusy, err)
		}
		leave = both(a.lane.some.Leave, leave)
	}
	take, give := a.lane.take, a.lane.gate.Leave
	if writes && s.writer != nil {
		take, give = s.writer.Take, s.writer.Leave
	}
	if err := take(waiting, a.rank); err != nil {
		leave()
		return nil, refusal(ctx, fault.ErrBusy, err)
	}
	leave = both(give, leave)
	done, err := a.lane.room(waiting)
	if err != nil {
		leave()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, s.unavailable(ctx, err)
	}
	return both(done, leave), nil
}

// refusal is the error of a call that got no turn: ctx's if the caller is gone, else why.
func refusal(ctx context.Context, why, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", why, err)
}

func both(first, second func()) func() {
	return func() {
		first()
		second()
	}
}
