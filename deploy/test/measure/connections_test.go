//go:build measure

package measure_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

const (
	keepAlive = "GET /healthz HTTP/1.1\r\nHost: attack\r\n\r\n"
	halfHead  = "GET /root?number=9&n=0.5 HTTP/1.1\r\nHost: attack\r\nX-Rest: "
)

// TestMeasureConnections: clients take every connection that the gateway has, here 2,000.
func TestMeasureConnections(t *testing.T) { //nolint:paralleltest // it measures time
	s := startShipped(t, gatewayWith("\n      MAX_CONNECTIONS: \"2000\""))
	take := func(conns int, hold string) attack {
		return attack{Conns: conns, Ramp: 3 * time.Second, For: floodTime, Hold: hold}
	}
	s.withstand(t, "one address opens 2,500 idle connections; `MAX_CONNECTIONS=2000`", usual, take(2500, keepAlive))
	s.withstand(t, "one address opens 2,500 connections with half a request head", usual, take(2500, halfHead))
	s.withstand(t, "three addresses open 900 idle connections each", usual, take(900, keepAlive), take(900, keepAlive), take(900, keepAlive))
	s.withstand(t, "three addresses open 900 connections each with half a request head", usual, take(900, halfHead), take(900, halfHead), take(900, halfHead))
}

// TestMeasureMixedClients: all kinds of clients that hold connections at once, each from an address of its own.
func TestMeasureMixedClients(t *testing.T) { //nolint:paralleltest // it measures time
	s := startShipped(t, gatewayWith(""))
	bodies, chunks := unfinished("/token", sized, strings.Repeat("x", 65000)), unfinished("/users/register", chunked, "10000\r\n"+strings.Repeat("x", 65000))
	bodies.Conns, chunks.Conns = 1500, 1500
	drip := unfinished("/token", sized, "")
	drip.Conns, drip.Drip = 1000, 3*time.Second
	hold := func(conns int, text string) attack {
		return attack{Conns: conns, Ramp: 3 * time.Second, For: 12 * time.Second, Hold: text}
	}
	s.withstand(t, "all at once: 3,000 unfinished bodies, 1,000 of a byte every 3 s, 2,000 idle connections, 1,000 half heads, 300 clients that never read",
		usual, bodies, chunks, drip, hold(2000, keepAlive), hold(1000, halfHead), neverRead(300))
}

// neverRead is an attack of pipelined requests for a large page, whose responses are not read.
func neverRead(conns int) attack {
	const page = "GET /openapi.json HTTP/1.1\r\nHost: attack\r\n\r\n"
	return attack{Conns: conns, Ramp: 2 * time.Second, For: 12 * time.Second, Slow: true, Hold: strings.Repeat(page, 80)}
}

// maxKernelBytes is the allowed kernel memory of a connection whose client does not read.
const maxKernelBytes = 512 << 10

// TestMeasureKernelMemory: the kernel's memory for each client that asks for much and reads nothing.
func TestMeasureKernelMemory(t *testing.T) { //nolint:paralleltest // it measures time
	if _, err := exec.LookPath("ss"); err != nil {
		t.Skip(err)
	}
	const conns = 100
	s := start(t, cluster.Config{})
	a := neverRead(conns)
	a.Addr = s.addr()
	wait := a.start(t)
	var each int64
	testbed.Eventually(t, "the kernel's buffers to fill", func() error {
		before := each
		each = kernelBytes(t, a.Addr) / conns
		if each == 0 || each != before {
			return fmt.Errorf("%d bytes, %d before", each, before)
		}
		return nil
	})
	wait()
	found(t, fmt.Sprintf("80 pipelined requests of %d bytes for a page of 100 KB, nothing read", len(a.Hold)/80), "kernel memory ≤ 512 KiB a connection",
		fmt.Sprintf("%d KiB a connection", each>>10))
	if each > maxKernelBytes {
		t.Errorf("got %d bytes, want at most %d", each, maxKernelBytes)
	}
}

// kernelBytes is the kernel's memory for the connections that a server at the address has accepted.
func kernelBytes(t *testing.T, addr string) (sum int64) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ss", "-tmnHO", "state", "established", "src", addr).Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		_, memory, _ := strings.Cut(lines.Text(), "skmem:(")
		for field := range strings.SplitSeq(memory, ",") {
			// Received, sent and not acknowledged, and allocated ahead.
			for _, name := range []string{"r", "w", "f"} {
				if n, err := strconv.ParseInt(strings.TrimPrefix(field, name), 10, 64); err == nil && strings.HasPrefix(field, name) {
					sum += n
				}
			}
		}
	}
	return sum
}
