package report_test

import (
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/report"
	"tallygate/kit/httpd"
)

func TestLastMinuteForgetsWhatIsOlder(t *testing.T) {
	t.Parallel()
	b := newBench()
	minute := func() (requests, limited, errors any) {
		m, _ := b.next(t)["last_minute"].(map[string]any)
		return m["requests"], m["rate_limited"], m["server_errors"]
	}
	b.state.Edge.Calls = calls(10, 2, 3)
	if n, limited, errors := minute(); n != 15.0 || limited != 3.0 || errors != 2.0 {
		t.Errorf("got %v, %v, %v", n, limited, errors)
	}
	b.state.Edge.Calls = calls(20, 2, 3)
	for step := range 12 {
		n, _, errors := minute()
		want, wantErrors := 25.0, 2.0
		if step == 11 {
			want, wantErrors = 10, 0 // the first look is a minute ago
		}
		if n != want || errors != wantErrors {
			t.Errorf("step %d: got %v and %v errors, want %v and %v", step, n, errors, want, wantErrors)
		}
	}
	if n, _, _ := minute(); n != 0.0 {
		t.Errorf("after more than a minute without calls: got %v", n)
	}
}

func TestARouteThatComesBackHasNotBeenCalledMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench()
	routes := []edge.RouteState{{Name: "a", Calls: calls(8, 2, 0)}}
	b.state.Edge.Routes = routes
	if got := upstreamsOf(t, b.next(t))[0].Share; got == nil || *got != 0.2 {
		t.Errorf("got %v", got)
	}
	b.state.Edge.Routes = nil
	for range 20 {
		b.next(t)
	}
	b.state.Edge.Routes = routes
	if got := upstreamsOf(t, b.next(t))[0].Share; got != nil {
		t.Errorf("got %v for calls of long ago", *got)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	buckets := len(httpd.DurationBuckets()) + 1
	for name, test := range map[string]struct {
		at   map[int]uint64
		q    float64
		want float64
	}{
		"half of the first bucket":       {map[int]uint64{0: 10}, 0.5, 0.0025},
		"the end of a bucket":            {map[int]uint64{0: 99, 1: 1}, 0.99, 0.005},
		"between two bounds":             {map[int]uint64{1: 1}, 0.5, 0.0075},
		"longer than the last bound":     {map[int]uint64{buckets - 1: 1}, 0.99, 10},
		"after buckets that have no one": {map[int]uint64{0: 1, 5: 99}, 0.5, 0.0874},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counts := make([]uint64, buckets)
			for i, n := range test.at {
				counts[i] = n
			}
			if got := report.Quantile(test.q, counts); got == nil || *got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if got := report.Quantile(0.5, make([]uint64, buckets)); got != nil {
		t.Errorf("without calls: got %v", *got)
	}
}
