package upstream_test

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
)

// TestAFullSocketIsWaitedFor: the kernel refuses a connection at once if the server has to accept others first.
func TestAFullSocketIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "full.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	first, err := net.Dial("unix", path) // fills the queue
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	u := startUnchecked(t, upstream.Spec{Addresses: []string{"unix:" + path}})
	connected := make(chan error, 1)
	go func() { connected <- u.Connect("unix:" + path) }()
	select {
	case err := <-connected:
		t.Fatalf("ended at once: %v", err)
	case <-time.After(50 * time.Millisecond): // it is still trying
	}
	for range 2 {
		accepted, _, err := syscall.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Close(accepted) }()
	}
	if err := <-connected; err != nil {
		t.Error(err)
	}
}
