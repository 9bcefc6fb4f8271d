package h2_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"tallygate/gateway/internal/h2"
)

// slow is a connection whose writes wait for release.
type slow struct {
	h2.Conn

	release chan struct{}
	err     error
	mu      sync.Mutex
	got     bytes.Buffer
	writes  int
	closed  bool
}

func (s *slow) Write(p []byte) (int, error) {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errors.New("written after Close")
	}
	s.writes++
	s.got.Write(p)
	return len(p), s.err
}

func (s *slow) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func TestWhatIsSaidTogetherIsWrittenTogether(t *testing.T) {
	t.Parallel()
	conn := &slow{release: make(chan struct{})}
	o := h2.NewOutgoing(conn)
	var want strings.Builder
	for i := range 100 {
		piece := strings.Repeat(string(rune('a'+i%26)), 10)
		want.WriteString(piece)
		if n, err := o.Write([]byte(piece)); n != 10 || err != nil {
			t.Fatal(n, err)
		}
	}
	close(conn.release)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if conn.got.String() != want.String() || conn.writes > 2 || !conn.closed {
		t.Errorf("got %d bytes in %d writes, closed: %t", conn.got.Len(), conn.writes, conn.closed)
	}
}

func TestAWriteWaitsForASlowClient(t *testing.T) {
	t.Parallel()
	conn := &slow{release: make(chan struct{})}
	o := h2.NewOutgoing(conn)
	const pieces, size = 40, 16 << 10
	written := make(chan int, pieces)
	go func() {
		defer close(written)
		for i := range pieces {
			if _, err := o.Write(make([]byte, size)); err == nil {
				written <- i
			}
		}
	}()
	<-written
	conn.release <- struct{}{}
	<-written
	if n := len(written); n > 2 {
		t.Errorf("%d pieces are held", n)
	}
	close(conn.release)
	for range written { // until all are written
	}
	if err := o.Close(); err != nil || conn.got.Len() != pieces*size {
		t.Errorf("got %d bytes, %v", conn.got.Len(), err)
	}
}

func TestAWriteThatFailsFailsAllThatFollow(t *testing.T) {
	t.Parallel()
	conn := &slow{release: make(chan struct{}), err: errors.New("gone")}
	close(conn.release)
	o := h2.NewOutgoing(conn)
	var err error
	for range 1_000_000 {
		if _, err = o.Write(make([]byte, 1<<10)); err != nil {
			break
		}
	}
	if !errors.Is(err, conn.err) || o.Close() != nil {
		t.Errorf("got %v", err)
	}
}
