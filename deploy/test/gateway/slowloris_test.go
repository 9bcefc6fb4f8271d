package gateway_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// TestSlowClients: a thousand clients never end their heads or bodies. Other clients are served, and slow heads are cut off.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	begun := time.Now()
	var slow []net.Conn
	for i := range 1000 {
		conn := dial(t, g.addr)
		switch i % 4 {
		case 0:
			conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nX: ")
		case 1:
			conn.send("G")
		case 2: // says nothing
		case 3:
			conn.send("POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nx")
		}
		slow = append(slow, conn.Conn)
	}
	client := newClient(t)
	for i := range 100 {
		if _, err := fetch(client, g.url("/c")); err != nil {
			t.Fatalf("call %d beside 1,000 slow clients: %v", i, err)
		}
	}
	took := time.Since(begun)
	t.Logf("figure: 1,000 slow clients and 100 calls beside them in %s", took.Round(time.Millisecond))
	if testing.Short() {
		return
	}
	// A byte now and then does not help them: the timeout is for the whole head.
	trickle := time.NewTicker(500 * time.Millisecond)
	defer trickle.Stop()
	go func() {
		for range trickle.C {
			for i := 0; i < len(slow); i += 4 {
				if _, err := slow[i].Write([]byte("y")); err != nil {
					return // they are being cut off
				}
			}
		}
	}()
	buffer := make([]byte, 4096)
	for i, conn := range slow {
		if i%4 == 3 {
			continue // a body may take longer as long as bytes arrive
		}
		if err := conn.SetDeadline(begun.Add(testbed.Patience)); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := conn.Read(buffer); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("slow client %d is still connected after %s", i, testbed.Patience)
				}
				break
			}
		}
	}
	t.Logf("figure: slow heads were cut off within %s", time.Since(begun).Round(time.Second))
}
