package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// pause stops the process and waits until all its threads have stopped.
func (p *process) pause(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
	testbed.Eventually(t, "the process to stand still", func() error {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID()))
		if err != nil {
			return err
		}
		for _, path := range threads {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, state, _ := strings.Cut(string(text), ") "); !strings.HasPrefix(state, "T") {
				return fmt.Errorf("%s: %.1s", path, state)
			}
		}
		return nil
	})
}

// TestAReplicaThatIsKilled: no idempotent request fails, and the replica is used again when it runs again.
func TestAReplicaThatIsKilled(t *testing.T) {
	t.Parallel()
	addrs := testbed.FreeAddresses(t, 2)
	first, _ := startReplica(t, addrs[0]), startReplica(t, addrs[1])
	g := startGateway(t, public("/r", addrs...))
	serves(t, g.url("/r"), addrs...)
	stop := load(t, g.url("/r"), 8)
	first.kill(t)
	serves(t, g.url("/r"), addrs[1])
	calls, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d calls failed, the first: %v", len(failures), calls, failures[0])
	}
	startReplica(t, addrs[0])
	began := time.Now()
	serves(t, g.url("/r"), addrs...)
	t.Logf("figure: used again %s after it was back", time.Since(began).Round(time.Millisecond))
}

// TestAReplicaThatHangs: a replica accepts connections and does not respond. The health check finds it within 3 seconds, and
// its requests without a response go to the other replica.
func TestAReplicaThatHangs(t *testing.T) {
	t.Parallel()
	addrs := testbed.FreeAddresses(t, 2)
	first, _ := startReplica(t, addrs[0]), startReplica(t, addrs[1])
	g := startGateway(t, route("r", "/r", addrs, "auth: public", "health: /livez"))
	serves(t, g.url("/r"), addrs...)
	first.pause(t)
	began := time.Now()
	client := newClient(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if who, err := fetch(client, g.url("/r")); err != nil || who != addrs[1] {
				t.Errorf("got %q (%v), want a response of the other replica", who, err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	t.Logf("figure: the last of 16 calls got its response %s after one of two replicas had hung", took.Round(time.Millisecond))
	if took > 4*time.Second { // 3 s and what a busy machine adds
		t.Errorf("took %s, want within 3 s", took)
	}
	serves(t, g.url("/r"), addrs[1])
	first.signal(t, syscall.SIGCONT)
	serves(t, g.url("/r"), addrs...)
}

// TestAReplicaThatHangsUnseen: a hung process still accepts connections. A route without an HTTP health check finds it by the
// timeout for the first byte, and then uses the other replicas.
func TestAReplicaThatHangsUnseen(t *testing.T) {
	t.Parallel()
	addrs := testbed.FreeAddresses(t, 2)
	first, _ := startReplica(t, addrs[0]), startReplica(t, addrs[1])
	g := startGateway(t, route("r", "/r", addrs, "auth: public", "timeouts: {first_byte: 300ms}"))
	serves(t, g.url("/r"), addrs...)
	first.pause(t)
	client := newClient(t)
	failed := 0
	const calls = 60
	for range calls {
		if _, err := fetch(client, g.url("/r")); err != nil {
			failed++
		}
	}
	t.Logf("figure: %d of %d calls in a row failed after one of two replicas had hung", failed, calls)
	if failed > calls/6 {
		t.Errorf("%d of %d calls failed, want the replica ejected after a few", failed, calls)
	}
}

// TestTheLastReplicaIsNeverEjected: if all replicas are unhealthy, the gateway tries them all the same.
func TestTheLastReplicaIsNeverEjected(t *testing.T) {
	t.Parallel()
	addrs := testbed.FreeAddresses(t, 3)
	only := startReplica(t, addrs[0])
	g := startGateway(t, and(public("/r", addrs[0]), route("other", "/other", []string{addrs[1]}, "auth: public")))
	startReplica(t, addrs[1])
	serves(t, g.url("/r"), addrs[0])
	only.kill(t)
	client := newClient(t)
	for range 30 {
		began := time.Now()
		resp, err := client.Get(g.url("/r"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != http.StatusBadGateway {
			t.Errorf("got %d, want 502 or 503", resp.StatusCode)
		}
		if err := (reply{resp, string(body)}).problem(); err != nil {
			t.Error(err)
		}
		if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("took %s to respond", took)
		}
		if _, err := fetch(client, g.url("/other")); err != nil {
			t.Errorf("another route: %v", err)
		}
	}
	startReplica(t, addrs[0])
	began := time.Now()
	testbed.Eventually(t, "the replica to be used again", func() error {
		_, err := fetch(client, g.url("/r"))
		return err
	})
	t.Logf("figure: used again %s after it was back", time.Since(began).Round(time.Millisecond))
}
