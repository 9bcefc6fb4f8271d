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

// killer kills processes at random and starts them again.
type killer struct {
	t *testing.T

	mu      sync.Mutex
	records []record
}

// record counts the kills of one kind of process.
type record struct {
	kind  string
	kills int
	ready []time.Duration // from start to ready
}

const (
	shortestUptime, longestUptime = 200 * time.Millisecond, 1500 * time.Millisecond
	longestDowntime               = 500 * time.Millisecond
	// longestWait is how long the killer waits for a process to be ready again. A gateway is not ready before auth-service,
	// and auth-service is not ready before its database. If those are down, the killer goes on without waiting longer.
	longestWait = 3 * time.Second
	// allAtOnce: on average, one kill in this many is of all processes of the kind together.
	allAtOnce = 4
)

// kill kills processes of one kind until ctx ends. All of them run afterwards.
func (k *killer) kill(ctx context.Context, kind string, random uint64, victims ...*cluster.Process) {
	rng := rand.New(rand.NewPCG(random, 0))
	mine := record{kind: kind}
	for {
		wait(ctx, shortestUptime+time.Duration(rng.Int64N(int64(longestUptime-shortestUptime))))
		if ctx.Err() != nil {
			break
		}
		chosen := victims
		if rng.IntN(allAtOnce) > 0 {
			i := rng.IntN(len(victims))
			chosen = victims[i : i+1]
		}
		for _, p := range chosen {
			k.check(p.Kill())
			mine.kills++
		}
		wait(context.WithoutCancel(ctx), time.Duration(rng.Int64N(int64(longestDowntime))))
		for _, p := range chosen {
			k.check(p.Start())
		}
		mine.ready = append(mine.ready, readyTimes(ctx, chosen)...)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records = append(k.records, mine)
}

// readyTimes waits until started processes are ready and returns how long each of them took. It leaves out those that
// are not ready after longestWait.
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

func (k *killer) check(err error) {
	if err != nil {
		k.t.Error(err)
	}
}

// allReady waits until everything is ready again.
func allReady(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	for _, p := range append([]*cluster.Process{c.Database}, c.Services()...) {
		if p != nil {
			if err := p.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (k *killer) String() string {
	var lines []string
	for _, one := range k.records {
		slices.Sort(one.ready)
		text := fmt.Sprintf("%s: %d kills", one.kind, one.kills)
		if count := len(one.ready); count > 0 {
			text += fmt.Sprintf(", ready again %d times within %v, after %v (median), %v (longest)", count, longestWait,
				one.ready[count/2].Round(time.Millisecond), one.ready[count-1].Round(time.Millisecond))
		}
		lines = append(lines, text)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}
