// Command bench measures what a request costs, in CPU microseconds. It compares the gateway with HAProxy, which does the
// same work, and with nginx, which only proxies, in front of the same upstream, with HAProxy in front of one by TLS, and with both for clients of HTTP/2. It also
// measures calls with API keys beside those with tokens, the whole path with math-service, math-service beside gin with a
// constant, the latency that the gateway adds, the cost with many routes and many users, and the memory of an idle connection.
//
// It starts everything itself, on loopback. A stand-in for auth-service's private listener knows every user, so that
// 100,000 users need not be registered. It needs the programs under bin/, and haproxy, nginx, wrk and h2load. `make bench` runs
// it; docs/benchmarks.md has the results.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings say how long to measure, and with how much load.
type settings struct {
	bin         string
	rounds      int
	length      time.Duration
	connections int
	upstream    string // address of one that runs already; empty: one of our own
}

// part is one measurement.
type part struct {
	name string
	run  func(context.Context, *bench) error
}

func parts() []part {
	return []part{
		{"gateway", compareProxies}, {"keys", compareKeys}, {"tls", compareTLS}, {"http2", compareHTTP2}, {"path", wholePath}, {"math", mathBesideConstant}, {"latency", addedLatency}, {"flat", flatness}, {"idle", idleConnections},
	}
}

func main() {
	var s settings
	flag.StringVar(&s.bin, "bin", "bin", "the `folder` of the services' programs")
	flag.IntVar(&s.rounds, "rounds", 9, "rounds of each comparison; the median counts")
	flag.DurationVar(&s.length, "length", 3*time.Second, "of one round for one program")
	flag.IntVar(&s.connections, "connections", 64, "that call at once")
	flag.StringVar(&s.upstream, "upstream", "", "`address` of an upstream that runs already, for a check from outside")
	only := flag.String("only", "", "run these parts only: gateway, keys, tls, http2, path, math, latency, flat, idle, with commas between")
	hold := flag.Bool("hold", false, "start upstream and gateway, print how to call them, and wait for Ctrl-C")
	constant := flag.String("constant", "", "be the peer of math-service, on this `address`")
	flag.Parse()
	if *constant != "" {
		fmt.Fprintln(os.Stderr, "bench:", serveConstant(*constant))
		os.Exit(1)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, *only, *hold)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, only string, hold bool) error {
	for _, program := range []string{"haproxy", "nginx", "wrk"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed (Debian and Ubuntu: apt-get install haproxy nginx wrk)", program)
		}
	}
	b, err := newBench(ctx, s)
	if err != nil {
		return err
	}
	defer b.close()
	if hold {
		return b.hold(ctx)
	}
	for _, p := range parts() {
		if only != "" && !strings.Contains(","+only+",", ","+p.name+",") {
			continue
		}
		if err := p.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
