package gateway_test

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"
)

// TestServerSentEvents: each event reaches the client before the upstream writes the next.
func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	next := make(chan struct{}, 5)
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	g := startGateway(t, public("/events", up))
	resp, err := newClient(t).Get(g.url("/events"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 5 {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", i) {
			t.Fatalf("got %q (%v), want event %d", lines.Text(), lines.Err(), i)
		}
		lines.Scan()
		next <- struct{}{}
	}
	if lines.Scan() {
		t.Errorf("got %q, want the end", lines.Text())
	}
}
