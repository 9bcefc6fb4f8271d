package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// An epoch is a stretch of the database's history. One begins at each start, and when the database turns out to be another
// one than before: restored from a back-up, or taken over by a standby. Whatever was committed and is lost was given out in
// an earlier epoch.
//
// An epoch begins with ids above all that may have been given. How many those are at most, only the clock knows: whatever
// remembers it inside the database is lost with it.

const (
	// idsPerSecond is more than any installation gives. So the seconds since the first id, times this, are above all ids.
	// 2^53, the largest number that JSON carries everywhere, is 4,355 years away.
	idsPerSecond = 1 << 16
	// unusedFor is how long after its creation a database that has given no id still begins with 1. Replicas that start one
	// after the other must not take the first ids from each other.
	unusedFor = 10 * time.Minute
)

// errReplaced means that the database is not in the history that this process knows.
var errReplaced = errors.New("the database was replaced by another state of it")

// history is what a process knows of the database that it works with.
type history struct {
	epoch       int64
	incarnation string
}

// ids gives access to how a database numbers users, and tells two incarnations of a database apart.
type ids interface {
	// alone keeps others from beginning an epoch until the transaction ends.
	alone(ctx context.Context, tx *gorm.DB) error
	// pause keeps everybody from taking an id until the transaction ends.
	pause(ctx context.Context, tx *gorm.DB) error
	// last is the last id that was given; 0 if none was.
	last(ctx context.Context, tx *gorm.DB) (int64, error)
	// advance makes the next id the one after last, which nobody may have come to.
	advance(ctx context.Context, tx *gorm.DB, last int64) error
	// incarnation is an expression over change_counter. Its value changes when the table or the server is another one.
	incarnation() string
}

// readCounter reads the counter; errReplaced.
func (s *Store) readCounter(ctx context.Context, db *gorm.DB) (counterRow, error) {
	known := s.history.Load() // before the query, so that an epoch of another goroutine cannot look like an older state
	row, err := s.anyCounter(ctx, db)
	switch {
	case err != nil:
		return row, err
	case row.Epoch < known.epoch || row.Incarnation != known.incarnation:
		return row, errReplaced
	case row.Epoch > known.epoch: // begun by another replica
		s.history.CompareAndSwap(known, &history{epoch: row.Epoch, incarnation: row.Incarnation})
	}
	return row, nil
}

// anyCounter reads the counter, whatever history it is of.
func (s *Store) anyCounter(ctx context.Context, db *gorm.DB) (counterRow, error) {
	return gorm.G[counterRow](db).Select("*, " + s.engine.ids.incarnation() + " as incarnation").Where("id = 1").Take(ctx)
}

// inOneHistory does something again after a new epoch has begun if it ends with errReplaced.
func (s *Store) inOneHistory(ctx context.Context, do func() error) error {
	err := do()
	if errors.Is(err, errReplaced) {
		s.log.WarnContext(ctx, "the database was replaced by another state of it; a new epoch begins")
		if err = s.beginEpoch(ctx); err == nil {
			err = do()
		}
	}
	return err
}

// giveIDs is write for a change that adds users. If the database was replaced by an older state of it, a new epoch begins first.
func (s *Store) giveIDs(ctx context.Context, a access, change func(ctx context.Context, tx *gorm.DB) error) error {
	return s.inOneHistory(ctx, func() error {
		return s.write(ctx, a, func(ctx context.Context, tx *gorm.DB) error {
			if _, err := s.readCounter(ctx, tx); err != nil {
				return err
			}
			return change(ctx, tx)
		})
	})
}

// beginEpoch begins a new epoch. Several replicas may do so at once.
func (s *Store) beginEpoch(ctx context.Context) error {
	var next history
	err := s.transact(ctx, s.timeout, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		if err := s.engine.ids.alone(ctx, tx); err != nil {
			return err
		}
		row, err := s.anyCounter(ctx, tx)
		if err != nil {
			return err
		}
		now := s.now().UTC().Truncate(time.Microsecond)
		if row.BornAt == nil {
			row.BornAt = &now
		}
		next = history{epoch: max(row.Epoch+1, now.UnixMicro()), incarnation: row.Incarnation}
		if known := s.history.Load(); known != nil {
			next.epoch = max(next.epoch, known.epoch+1)
		}
		if err := s.advanceIDs(ctx, tx, now.Sub(*row.BornAt)); err != nil {
			return err
		}
		_, err = gorm.G[counterRow](tx).Where("id = 1").Select("epoch", "born_at").
			Updates(ctx, counterRow{Epoch: next.epoch, BornAt: row.BornAt})
		return err
	})
	if err == nil {
		s.history.Store(&next)
	}
	return err
}

// advanceIDs makes the next id higher than all that may have been given. Where ids are no part of transactions, others go on
// taking them, and they must never go back: if the way is short, nobody takes one meanwhile.
func (s *Store) advanceIDs(ctx context.Context, tx *gorm.DB, age time.Duration) error {
	last, err := s.engine.ids.last(ctx, tx)
	if err != nil {
		return err
	}
	above := idsUntil(age, last)
	if last < above && above < last+idsPerSecond {
		if err := s.engine.ids.pause(ctx, tx); err != nil {
			return err
		}
		if last, err = s.engine.ids.last(ctx, tx); err != nil {
			return err
		}
	}
	if above <= last {
		return nil
	}
	return s.engine.ids.advance(ctx, tx, above)
}

// idsUntil is at least as high as every id that may have been given in that time.
func idsUntil(age time.Duration, last int64) int64 {
	if last == 0 && age < unusedFor {
		return 0
	}
	return int64(age/time.Second)*idsPerSecond + int64(age%time.Second)*idsPerSecond/int64(time.Second)
}
