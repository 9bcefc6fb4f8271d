package edge_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/edge"
)

// observed are the counts of http_server_request_duration_seconds, by method, route and status.
func observed(t *testing.T, m *edge.Metrics) map[string]uint64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint64{}
	for _, family := range families {
		if family.GetName() != "http_server_request_duration_seconds" {
			continue
		}
		for _, one := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range one.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			key := labels["http_request_method"] + " " + labels["http_route"] + " " + labels["http_response_status_code"]
			counts[key] = one.GetHistogram().GetSampleCount()
		}
	}
	return counts
}

func TestRequestsAreMeasuredByMethodRouteAndStatus(t *testing.T) {
	t.Parallel()
	m := edge.NewMetrics()
	begun := make(chan struct{})
	gw := gateWith(t, edge.Config{Metrics: m},
		open("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })),
		open("/slow", replica(t, func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
		})))
	for _, text := range []string{"GET /a", "GET /a", "BREW /a", "TRACE /a", "GET /none", "GET /healthz"} {
		call(t, gw, text+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	}
	c, _ := dial(t, gw)
	send(t, c, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	c.Close()

	want := map[string]uint64{
		"GET r-a 418": 2, "_OTHER r-a 418": 1, "TRACE none 405": 1, "GET none 404": 1, "GET none 200": 1, "GET r-slow 499": 1,
	}
	var got map[string]uint64
	for range 500 {
		if got = observed(t, m); fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		time.Sleep(10 * time.Millisecond) // a request is measured after its client has the response
	}
	t.Errorf("got %v\nwant %v", got, want)
}

func TestMeasuringARequestAllocatesNothingAndLosesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	m := edge.NewMetrics()
	const workers, each = 8, 1000
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range each {
				m.Observe("a", "GET", 200+i%10, time.Millisecond)
			}
		})
	}
	all.Wait()
	for status := range 10 {
		if got := observed(t, m)[fmt.Sprintf("GET a %d", 200+status)]; got != workers*each/10 {
			t.Errorf("status %d: got %d requests, want %d", 200+status, got, workers*each/10)
		}
	}
	if n := testing.AllocsPerRun(100, func() { m.Observe("a", "GET", 209, time.Millisecond) }); n > 0 {
		t.Errorf("a request with a status that has been seen: %v allocations", n)
	}
}
