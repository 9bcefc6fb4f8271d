package testbed

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// These ports are below those that systems give to outgoing connections: nobody takes the port of a process that is down.
const lowestPort, highestPort = 12000, 32000

// tried counts the ports that were tried, so that two tests of this binary never get the same one.
var tried atomic.Int64 //nolint:gochecknoglobals // ports are global too

// FindAddress returns a loopback address on which nobody listens. It never returns the same one twice.
func FindAddress(ctx context.Context) (string, error) {
	for range 1000 {
		// Test binaries run at the same time: each begins at another port.
		port := lowestPort + (os.Getpid()*1009+int(tried.Add(1)))%(highestPort-lowestPort)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port")
}

// FreeAddress is FindAddress for tests.
func FreeAddress(t testing.TB) string {
	t.Helper()
	addr, err := FindAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// FreeAddresses returns count free addresses.
func FreeAddresses(t testing.TB, count int) []string {
	t.Helper()
	addrs := make([]string, count)
	for i := range addrs {
		addrs[i] = FreeAddress(t)
	}
	return addrs
}
