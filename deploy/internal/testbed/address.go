package testbed

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports below those that systems give to outgoing connections: while a process is down, nobody takes its port.
const lowestPort, highestPort = 12000, 32000

// FreeAddress returns a loopback address on which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return FreeAddresses(t, 1)[0]
}

// FreeAddresses returns different loopback addresses on which nobody listens.
func FreeAddresses(t testing.TB, count int) []string {
	t.Helper()
	var addrs []string
	for range 1000 {
		if len(addrs) == count {
			return addrs
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort)))
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr); err == nil {
			defer l.Close() // after all are chosen, so that no two are the same
			addrs = append(addrs, addr)
		}
	}
	t.Fatal("no free port")
	return nil
}
