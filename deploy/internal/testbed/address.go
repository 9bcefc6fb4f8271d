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

// Ports below those that systems give to outgoing connections: while a process is down, nobody takes its port.
const lowestPort, highestPort = 12000, 32000

// looked counts the ports that were looked at, so that no test of this binary gets another's.
var looked atomic.Int64 //nolint:gochecknoglobals // the ports are the whole machine's too

// FindAddress returns a loopback address on which nobody listens, and which it gives to nobody else.
func FindAddress(ctx context.Context) (string, error) {
	for range 1000 {
		// Each binary begins at a place of its own.
		port := lowestPort + (os.Getpid()*1009+int(looked.Add(1)))%(highestPort-lowestPort)
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

// FreeAddresses returns so many of them.
func FreeAddresses(t testing.TB, count int) []string {
	t.Helper()
	addrs := make([]string, count)
	for i := range addrs {
		addrs[i] = FreeAddress(t)
	}
	return addrs
}
