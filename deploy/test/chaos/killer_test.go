//go:build chaos && unix

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
)

// nemesis kills processes at random and starts them again.
type nemesis struct {
	t *testing.T

	mu    sync.Mutex
	tolls []toll
}

// toll is what one kind of process went through.
type toll struct {
	kind  string
	kills int
	ready []time.Duration // from start to ready
}

const (
	shortestPeace, longestPeace = 200 * time.Millisecond, 1500 * time.Millisecond
	longestDeath                = 500 * time.Millisecond
	// longestWait is for a process to be ready again. A gateway is not before auth-service is, nor that before its
	// database, and those may be down: then the next one is killed all the same.
	longestWait = 3 * time.Second
	// allAtOnce: one time in so many, all processes of the kind die together.
	allAtOnce = 4
)

// strike kills processes of one kind until ctx ends. All of them run afterwards.
func (n *nemesis) strike(ctx context.Context, kind string, random uint64, victims ...*cluster.Process) {
	rng := rand.New(rand.NewPCG(random, 0))
	mine := toll{kind: kind}
	for {
		wait(ctx, shortestPeace+time.Duration(rng.Int64N(int64(longestPeace-shortestPeace))))
		if ctx.Err() != nil {
			break
		}
		chosen := victims
		if rng.IntN(allAtOnce) > 0 {
			i := rng.IntN(len(victims))
			chosen = victims[i : i+1]
		}
		for _, p := range chosen {
			n.check(p.Kill())
			mine.kills++
		}
		wait(context.WithoutCancel(ctx), time.Duration(rng.Int64N(int64(longestDeath))))
		for _, p := range chosen {
			n.check(p.Start())
		}
		mine.ready = append(mine.ready, readyTimes(ctx, chosen)...)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tolls = append(n.tolls, mine)
}

// readyTimes waits until started processes are ready and returns how long those took that became so.
func readyTimes(ctx context.Context, started []*cluster.Process) []time.Duration {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	var times []time.Duration
	for _, p := range started {
		if p.Ready(ctx) == nil {
			times = append(times, time.Since(began))
		}
	}
	return times
}

func (n *nemesis) check(err error) {
	if err != nil {
		n.t.Error(err)
	}
}

// calm waits until everything is ready again.
func calm(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	for _, p := range append([]*cluster.Process{c.Database}, c.Services()...) {
		if p != nil {
			if err := p.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (n *nemesis) String() string {
	var said []string
	for _, one := range n.tolls {
		slices.Sort(one.ready)
		text := fmt.Sprintf("%s: %d kills", one.kind, one.kills)
		if count := len(one.ready); count > 0 {
			text += fmt.Sprintf(", ready again %d times within %v, after %v (median), %v (longest)", count, longestWait,
				one.ready[count/2].Round(time.Millisecond), one.ready[count-1].Round(time.Millisecond))
		}
		said = append(said, text)
	}
	slices.Sort(said)
	return strings.Join(said, "; ")
}
