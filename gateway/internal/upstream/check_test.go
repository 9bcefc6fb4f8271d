package upstream_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/upstream"
)

func TestAReplicaThatHangsDelaysNobodyElsesCheck(t *testing.T) {
	t.Parallel()
	var hung, healthy atomic.Int64
	a := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hung.Add(1)
		<-r.Context().Done()
	}))
	defer a.Close()
	b := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { healthy.Add(1) }))
	defer b.Close()
	start(t, upstream.Spec{Addresses: []string{a.Listener.Addr().String(), b.Listener.Addr().String()}, Health: "/health"})
	until(t, "checked four times", func() bool { return healthy.Load() >= 4 })
	if got := hung.Load(); got > 1 {
		t.Errorf("the other was checked %d times meanwhile: both wait for each other", got)
	}
}

func TestAConnectionIsNotKeptWhenItsReplicaIsGivenUp(t *testing.T) {
	t.Parallel()
	addr := servers(t, 1)[0]
	kept, err := start(t, upstream.Spec{Addresses: []string{addr}}).KeepsStopped(addr)
	if err != nil || kept {
		t.Errorf("a connection that was stopped is kept for the next request: %t, %v", kept, err)
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.all.String(), text)
}

func TestTheLogSaysOnceThatAReplicaIsEjectedAndThatItIsHealthyAgain(t *testing.T) {
	t.Parallel()
	addr := servers(t, 1)[0]
	var log lines
	u := startIn(t, upstream.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, upstream.Spec{Addresses: []string{addr}})
	for range 2 {
		u.Fail(addr)
		until(t, "its ejection is over", func() bool { return u.Replicas()[addr] })
	}
	u.Succeed(addr)
	u.Succeed(addr)
	if ejected, healthy := log.count("replica is ejected"), log.count("replica is healthy again"); ejected != 1 || healthy != 1 {
		t.Errorf("it says %d times that it is ejected and %d times that it is healthy again, want 1 and 1:\n%s", ejected, healthy, log.all.String())
	}
}
