package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"tallygate/kit/every"
	"tallygate/kit/turn"
)

// lane is connections to the database, and the turns to use them. The calls of gateways have a lane of their own, so that
// nothing that clients do delays revocations, leases and the delivery of usage.
//
// A call waits for a turn and not for a connection: there is one turn for each connection that is open already. On a busy
// machine a new connection takes seconds, and many at once keep each other from coming about.
type lane struct {
	db   *gorm.DB
	pool *sql.DB
	gate *turn.Line
	open int // turns of the gate
	most int
	// wanted has an entry when somebody began to wait at the gate.
	wanted chan struct{}
	// some is for calls that must not take all of the turns.
	some *turn.Line
	// full, if not nil, reports whether the server has no connection left. running is how many calls have their turn and a connection.
	full    func(error) bool
	running atomic.Int64
}

const (
	// maxWaiting bounds those who wait for a turn, and so the memory that they take.
	maxWaiting = 2000
	// warmConns is how many connections the lane of clients opens before the service is ready. That of gateways opens all: batches
	// and leases, which may wait for rows, must leave one to the others from the beginning.
	warmConns = 3
	// growAfter is how long somebody has to wait until a lane opens another connection, growTimeout how long that may take.
	// growPause is the time between two attempts.
	growAfter   = 20 * time.Millisecond
	growTimeout = 10 * time.Second
	growPause   = time.Second
	// fullPause is the time between two attempts of a call to get a connection where the server has none left, fullGrowPause that
	// between two attempts to open one more than before.
	fullPause     = 50 * time.Millisecond
	fullGrowPause = 10 * time.Second
)

// openLane returns a lane of up to most connections, of which up to atOnce are for calls that must not take all. It begins with
// warm connections.
func openLane(e *engine, most, atOnce, warm int) (*lane, error) {
	pool, dialector, err := e.connect()
	if err != nil {
		return nil, err
	}
	spare := 0
	if e.oneWriter {
		spare = 1 // the writer's, which needs no turn of the gate
	}
	pool.SetMaxOpenConns(most + spare)
	pool.SetMaxIdleConns(most + spare)
	db, err := gorm.Open(dialector, &gorm.Config{
		// Errors are logged where they are handled. Values are never logged.
		Logger:                 logger.Discard,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), pool.Close())
	}
	open := most
	if e.slowToConnect {
		open = min(warm, most)
	}
	return &lane{
		db: db, pool: pool, gate: turn.NewLine(open, maxWaiting), open: open, most: most, wanted: make(chan struct{}, 1),
		some: turn.NewLine(max(atOnce, 1), maxWaiting), full: e.full,
	}, nil
}

// warm opens the first connections, one after the other.
func (l *lane) warm(ctx context.Context) error {
	for range l.open {
		conn, err := l.pool.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // the pool keeps it
	}
	return nil
}

// take waits for a turn, which gate.Leave gives back.
func (l *lane) take(ctx context.Context, rank turn.Rank) error {
	if l.gate.Try() {
		return nil
	}
	select {
	case l.wanted <- struct{}{}:
	default:
	}
	return l.gate.Take(ctx, rank)
}

// room returns when there is a connection for a call that has its turn, which leave gives back. There may be fewer connections than
// turns: some have ended, and others have taken their place at the server. While it has none left, the call waits for one that another
// call gives back, or that the server has again. The error is that of connecting.
func (l *lane) room(ctx context.Context) (leave func(), err error) {
	if l.full == nil {
		return func() {}, nil
	}
	leave = func() { l.running.Add(-1) }
	l.running.Add(1)
	for int64(l.pool.Stats().OpenConnections) < l.running.Load() {
		conn, err := l.pool.Conn(ctx)
		if err == nil {
			err = conn.Close()
		}
		if err != nil && !l.full(err) {
			leave()
			return nil, err
		}
		if err != nil && !every.Sleep(ctx, fullPause) {
			leave()
			return nil, err
		}
	}
	return leave, nil
}

// grow opens further connections, one after the other, while calls have to wait for long. It returns when all are open or
// ctx ends.
func (l *lane) grow(ctx context.Context) {
	for pause := growAfter; l.open < l.most; {
		select {
		case <-l.wanted:
		case <-ctx.Done():
			return
		}
		for l.open < l.most && every.Sleep(ctx, pause) && l.gate.Waiting() > 0 {
			switch err := l.add(ctx); {
			case err == nil:
				pause = growAfter
			case l.full != nil && l.full(err):
				pause = fullGrowPause
			default:
				pause = growPause
			}
		}
	}
}

// add opens a connection, and adds the turn for it.
func (l *lane) add(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, growTimeout)
	defer cancel()
	conn, err := l.pool.Conn(ctx)
	if err != nil {
		return err
	}
	// It may be one that a call has just given back. Then the next attempt opens one.
	grown := l.pool.Stats().OpenConnections > l.open
	if err := conn.Close(); err != nil || !grown {
		return err
	}
	l.open++
	l.gate.Leave()
	return nil
}
