//go:build soak && linux

package soak_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Build()
	os.Exit(m.Run())
}

const (
	clients = 12
	every   = 2 * time.Second // between two samples
)

// TestSoak runs the load on both databases, one after the other.
func TestSoak(t *testing.T) { //nolint:paralleltest // each has the machine for itself
	length := testbed.Duration(t, "SOAK_DURATION", 15*time.Minute) / 2
	for name, cfg := range map[string]cluster.Config{
		"SQLite":     {Gateways: 2, Maths: 2},
		"PostgreSQL": {Gateways: 2, Maths: 2, Auths: 2, Postgres: true},
	} {
		t.Run(name, func(t *testing.T) { soak(t, cfg, length) })
	}
}

func soak(t *testing.T, cfg cluster.Config, length time.Duration) {
	cfg.Auth = append(cluster.CheapPasswords(), "GUESS_FREE_PER_NAME=1000000", "GUESS_FREE_PER_ADDRESS=1000000")
	cfg.Gateway = []string{"ACCESS_LOG=off"}
	echo := startEcho(t)
	cfg.Routes = func(mathURL string) string {
		return fmt.Sprintf("routes:\n  - {name: root, path: /root, exact: true, methods: [GET], upstream: %q, forward_token: true}\n"+
			"  - {name: echo, path: /echo, upstream: %q, max_body: 16MiB}\n", mathURL, echo)
	}
	c := cluster.Start(t, cfg)
	load := newLoad(t, c)

	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() { load.run(ctx, i) })
	}
	var all []sample
	for tick := time.NewTicker(every); ctx.Err() == nil; {
		select {
		case <-tick.C:
			all = append(all, take(t, c, load))
		case <-ctx.Done():
			tick.Stop()
		}
	}
	running.Wait()
	if len(all) < 55 { // connections are pooled and caches fill in the first minute
		t.Fatalf("%d samples are too few: set SOAK_DURATION to 4m at least", len(all))
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush() //nolint:errcheck // standard output
	fmt.Fprintf(table, "what\tat first\tat last\tgrowth in an hour\tallowed in this run\t\n")
	for _, f := range figures(all) {
		verdict := ""
		if f.growth > f.allowed {
			verdict = "GROWS"
			t.Errorf("%s grew by %.0f in the last two thirds of the run, and %.0f is allowed", f.name, f.growth, f.allowed)
		}
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%s\n", f.name, f.first, f.last, f.perHour, f.allowed, verdict)
	}
	fmt.Fprintf(table, "calls\t\t%d\t\t\t\nsign-ins\t\t%d\t\t\t\n", load.calls.Load(), load.signIns.Load())
	load.report(t)
}
