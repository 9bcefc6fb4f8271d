package testbed

import (
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

// FreeAddress returns a loopback address on which nobody listens, and which it gives to nobody else.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return FreeAddresses(t, 1)[0]
}

// FreeAddresses returns so many of them.
func FreeAddresses(t testing.TB, count int) []string {
	t.Helper()
	var addrs []string
	for range 1000 {
		if len(addrs) == count {
			return addrs
		}
		// Each binary begins at a place of its own.
		port := lowestPort + (os.Getpid()*1009+int(looked.Add(1)))%(highestPort-lowestPort)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, addr)
	}
	t.Fatal("no free port")
	return nil
}
