package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/report"
	"tallygate/gateway/internal/upstream"
	"tallygate/kit/httpd"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// bench is a reporter whose clock, state and auth-service the test sets.
type bench struct {
	*report.Reporter

	now    time.Time
	state  report.State
	answer func(ctx context.Context) error // nil: 204
	bodies [][]byte
	log    bytes.Buffer
}

// Report implements report.AuthService.
func (b *bench) Report(ctx context.Context, gateway string, body []byte) error {
	if gateway != "gw-id" {
		panic("the id is " + gateway)
	}
	b.bodies = append(b.bodies, body)
	if b.answer != nil {
		return b.answer(ctx)
	}
	return nil
}

func newBench() *bench {
	b := &bench{now: noon}
	b.state.Edge.Calls = calls(0, 0, 0)
	b.Reporter = report.New(report.Config{
		Gateway: "gw-id", Name: "gw-1", Version: "1.4.0", StartedAt: noon.Add(-time.Hour), AuthService: b,
		State: func() report.State { return b.state }, Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	return b
}

// lines is how many lines of the log have this text.
func (b *bench) lines(text string) int { return strings.Count(b.log.String(), text) }

// next sends a report 5 seconds after the last one, and returns it.
func (b *bench) next(t *testing.T) map[string]any {
	t.Helper()
	b.now = b.now.Add(5 * time.Second)
	b.Once(t.Context())
	return decoded(t, b.bodies[len(b.bodies)-1])
}

func decoded(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return all
}

// calls are so many, of which some were fast (under 5 ms), failed with 5xx (in 5 to 10 s), or were refused with 429.
func calls(fast, failed, limited uint64) edge.Calls {
	c := edge.Calls{All: fast + failed + limited, ServerErrors: failed, RateLimited: limited, Durations: make([]uint64, len(httpd.DurationBuckets())+1)}
	c.Durations[0], c.Durations[len(c.Durations)-2] = fast, failed
	return c
}

func healthy(addr string) upstream.ReplicaState {
	return upstream.ReplicaState{Addr: addr, Health: upstream.Healthy, CheckedAt: noon}
}

func sick(addr string, health upstream.Health, message string) upstream.ReplicaState {
	return upstream.ReplicaState{Addr: addr, Health: health, Reason: &upstream.Reason{Code: upstream.OtherReason, Message: message}, CheckedAt: noon}
}
