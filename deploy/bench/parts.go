package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	path  = "/root?number=88&n=0.88"
	users = 200
)

// compareProxies is the main figure: the gateway beside HAProxy and nginx, without and with access logs.
func compareProxies(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	for _, logging := range []bool{false, true} {
		setting := map[bool]string{false: "off", true: "on"}[logging]
		g, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG="+setting)
		if err != nil {
			return err
		}
		haproxy, haproxyAddr, err := b.startHAProxy(ctx, logging)
		if err != nil {
			return err
		}
		nginx, nginxAddr, err := b.startNginx(ctx, logging)
		if err != nil {
			return err
		}
		rows, err := b.measure(ctx, []subject{
			{"gateway", g.addr, path, tokens, []*process{g.process}},
			{"haproxy: HS256 + exp + count", haproxyAddr, path, tokens, []*process{haproxy}},
			{"nginx: proxy only", nginxAddr, path, tokens, []*process{nginx}},
		})
		if err != nil {
			return err
		}
		printRows("Access logs "+setting+":", rows)
		fmt.Printf("gateway/haproxy %.2f   gateway/nginx %.2f\n", rows[0].to(rows[1]), rows[0].to(rows[2]))
		g.stop()
		haproxy.stop()
		nginx.stop()
	}
	return nil
}

// wholePath measures what a call of /root costs in the gateway and math-service together.
func wholePath(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	math, mathAddr, err := b.startMath(ctx)
	if err != nil {
		return err
	}
	defer math.stop()
	g, err := b.startGateway(ctx, mathAddr)
	if err != nil {
		return err
	}
	defer g.stop()
	haproxy, haproxyAddr, err := b.startHAProxy(ctx, true)
	if err != nil {
		return err
	}
	defer haproxy.stop()
	rows, err := b.measure(ctx, []subject{
		{"gateway + math-service", g.addr, path, tokens, []*process{g.process, math}},
		{"math-service alone", mathAddr, path, tokens, []*process{math}},
		{"haproxy: HS256 + exp + count", haproxyAddr, path, tokens, []*process{haproxy}},
	})
	if err != nil {
		return err
	}
	printRows("The whole path of /root, access logs on:", rows)
	fmt.Printf("(gateway + math-service)/haproxy %.2f\n", rows[0].to(rows[2]))
	return nil
}

// addedLatency compares the 99th percentile through the gateway with that of the upstream called directly. It uses so few
// connections that the machine is about half busy.
func addedLatency(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	g, err := b.startGateway(ctx, b.upstream)
	if err != nil {
		return err
	}
	defer g.stop()
	few := *b
	few.connections = 2
	rows, err := few.measure(ctx, []subject{
		{"upstream, called directly", b.upstream, path, tokens, nil},
		{"through the gateway", g.addr, path, tokens, []*process{g.process}},
	})
	if err != nil {
		return err
	}
	printRows("Latency at about half load (2 connections):", rows)
	fmt.Printf("p99 added %s\n", median(rows[1].p99s)-median(rows[0].p99s))
	return nil
}

// flatness measures whether the cost grows with 1,000 routes, and with 100,000 users.
func flatness(ctx context.Context, b *bench) error {
	few, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	const manyUsers = 100_000
	many, err := b.writeTokens(manyUsers)
	if err != nil {
		return err
	}
	var routes strings.Builder
	routes.WriteString("routes:\n")
	for i := range 1000 {
		fmt.Fprintf(&routes, "  - {name: r%d, path: /api/v%d/things, upstream: \"http://%s\"}\n", i, i, b.upstream)
	}
	file := filepath.Join(b.dir, "routes.yaml")
	if err := os.WriteFile(file, []byte(routes.String()), 0o600); err != nil {
		return err
	}
	plain, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off")
	if err != nil {
		return err
	}
	defer plain.stop()
	full, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off", "ROUTES_FILE="+file)
	if err != nil {
		return err
	}
	defer full.stop()
	// The gateway sees every user once before the rounds begin, so that the rounds measure no lookups.
	if _, err := b.load(ctx, plain.addr, path, many, b.connections, 15*time.Second); err != nil {
		return err
	}
	rows, err := b.measure(ctx, []subject{
		{"built-in routes, 200 users", plain.addr, path, few, []*process{plain.process}},
		{"1,000 routes more, 200 users", full.addr, path, few, []*process{full.process}},
		{"built-in routes, 100,000 users", plain.addr, path, many, []*process{plain.process}},
	})
	if err != nil {
		return err
	}
	printRows("Routes and users, access logs off:", rows)
	fmt.Printf("1,000 routes %+.0f %%   100,000 users %+.0f %%\n",
		100*(rows[1].to(rows[0])-1), 100*(rows[2].to(rows[0])-1))
	return nil
}

// idleConnections opens 10,000 connections, sends one request on each, and measures the memory.
func idleConnections(ctx context.Context, b *bench) error {
	const count = 10_000
	g, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off")
	if err != nil {
		return err
	}
	defer g.stop()
	before := g.memory()
	var dialer net.Dialer
	buf := make([]byte, 4096)
	conns := make([]net.Conn, 0, count)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range count {
		c, err := dialer.DialContext(ctx, "tcp", g.addr)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			return err
		}
		if _, err := c.Read(buf); err != nil {
			return err
		}
	}
	grown := g.memory() - before
	fmt.Printf("\n%d idle connections: %.1f KiB each (resident memory grew by %.1f MiB)\n",
		count, float64(grown)/count/1024, float64(grown)/(1<<20))
	return nil
}
