package report_test

import (
	"fmt"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/report"
	"tallygate/gateway/internal/upstream"
)

func TestWhatDoesNotFitIsLeftOutAndWhatIsBrokenStays(t *testing.T) {
	t.Parallel()
	b := newBench()
	for i := range 1000 {
		at := edge.RouteState{Name: fmt.Sprintf("route-%d", i)}
		for j := range 10 {
			at.Replicas = append(at.Replicas, healthy(fmt.Sprintf("10.0.%d.%d:80", i, j)))
		}
		if i%100 == 99 {
			at.Replicas[9] = sick(at.Replicas[9].Addr, upstream.Ejected, "<&>")
		}
		b.state.Edge.Routes = append(b.state.Edge.Routes, at)
	}
	b.state.Edge.Routes = append(b.state.Edge.Routes, edge.RouteState{Name: "unresolved"})
	got := b.next(t)
	body := b.bodies[0]
	if len(body) > report.MaxBytes || len(body) < report.MaxBytes*95/100 || got["truncated"] != true {
		t.Errorf("%d bytes, truncated %v", len(body), got["truncated"])
	}
	broken, kept := 0, upstreamsOf(t, got)
	for _, u := range kept {
		for _, r := range u.Replicas {
			if r.Reason != nil {
				broken++
			}
		}
	}
	if broken != 10 || kept[len(kept)-1].Route != "unresolved" {
		t.Errorf("%d broken replicas of 10 are left, and the last upstream is %s", broken, kept[len(kept)-1].Route)
	}
}

func TestMoreBrokenReplicasThanFit(t *testing.T) {
	t.Parallel()
	b := newBench()
	at := edge.RouteState{Name: "a"}
	for i := range 5000 {
		at.Replicas = append(at.Replicas, sick(fmt.Sprintf("10.0.%d.%d:80", i/250, i%250), upstream.Unhealthy, strings.Repeat("\"", 300)))
	}
	b.state.Edge.Routes = []edge.RouteState{at}
	got := b.next(t)
	if body := b.bodies[0]; len(body) > report.MaxBytes || len(body) < report.MaxBytes*95/100 || got["truncated"] != true {
		t.Errorf("%d bytes, truncated %v", len(body), got["truncated"])
	}
}

func TestAReportThatFitsIsWhole(t *testing.T) {
	t.Parallel()
	b := newBench()
	for i := range 100 {
		b.state.Edge.Routes = append(b.state.Edge.Routes, edge.RouteState{Name: fmt.Sprintf("route-%d", i), Replicas: []upstream.ReplicaState{healthy("a:1")}})
	}
	if got := b.next(t); got["truncated"] != false || len(upstreamsOf(t, got)) != 100 {
		t.Errorf("got %v", got)
	}
}
