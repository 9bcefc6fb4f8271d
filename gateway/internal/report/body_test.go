package report_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/report"
	"tallygate/gateway/internal/upstream"
)

func TestAReportIsTheWholeState(t *testing.T) {
	t.Parallel()
	b := newBench()
	age := 200 * time.Millisecond
	b.state = report.State{
		FeedAge: &age, Undelivered: 12, UndeliveredFor: 400 * time.Millisecond, InMemory: true, LogLinesDropped: 9,
		Troubles:     []report.Trouble{{Code: report.UsageInMemory, Message: "full", Since: noon}, {Code: report.UsageRefused, Message: "no"}},
		Certificates: []report.Certificate{{Names: []string{"api.example.com"}, NotAfter: noon.Add(time.Hour)}},
		Edge: edge.State{
			Connections: 412, InFlight: 7, Streams: 3, Calls: calls(96, 3, 1),
			Routes: []edge.RouteState{
				{Name: "search", Calls: calls(97, 3, 50), Replicas: []upstream.ReplicaState{
					{Addr: "10.0.0.4:80", Health: upstream.Unhealthy, CheckedAt: noon, Reason: &upstream.Reason{Code: upstream.CheckStatus, Message: "GET /healthz: status 400."}},
					{Addr: "10.0.0.5:80", Health: upstream.Healthy},
				}},
				{Name: "quiet", Calls: calls(0, 0, 0)},
			},
		},
	}
	want := map[string]any{}
	if err := json.Unmarshal([]byte(`{
		"name": "gw-1", "version": "1.4.0", "started_at": "2026-11-28T11:00:00Z", "feed_age_seconds": 0.2,
		"undelivered": 12, "undelivered_seconds": 0.4, "in_memory": true, "connections": 412, "in_flight": 7, "streams": 3,
		"last_minute": {"requests": 100, "rate_limited": 1, "server_errors": 3},
		"last_error": {"code": "usage-in-memory", "message": "full", "since": "2026-11-28T12:00:00Z"},
		"tls": [{"names": ["api.example.com"], "not_after": "2026-11-28T13:00:00Z"}], "log_lines_dropped": 9, "truncated": false,
		"upstreams": [
			{"route": "search", "replicas": [
				{"address": "10.0.0.4:80", "state": "unhealthy", "reason": {"code": "check-status", "message": "GET /healthz: status 400."}, "checked_at": "2026-11-28T12:00:00Z"},
				{"address": "10.0.0.5:80", "state": "healthy", "reason": null, "checked_at": null}
			], "p50_seconds": 0.0026, "p99_seconds": 9.1667, "server_error_share": 0.03},
			{"route": "quiet", "replicas": [], "p50_seconds": null, "p99_seconds": null, "server_error_share": null}
		]}`), &want); err != nil {
		t.Fatal(err)
	}
	if got := b.next(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestWhatIsNotKnownIsNull(t *testing.T) {
	t.Parallel()
	got := newBench().next(t)
	for _, member := range []string{"feed_age_seconds", "last_error"} {
		if value, there := got[member]; !there || value != nil {
			t.Errorf("%s is %v", member, value)
		}
	}
	for _, member := range []string{"tls", "upstreams"} {
		if list, ok := got[member].([]any); !ok || len(list) != 0 {
			t.Errorf("%s is %v, want an empty list", member, got[member])
		}
	}
}

func TestATroubleKeepsItsBeginningUntilItIsOver(t *testing.T) {
	t.Parallel()
	b := newBench()
	since := func() any {
		t.Helper()
		last, _ := b.next(t)["last_error"].(map[string]any)
		return last["since"]
	}
	invalid := []report.Trouble{{Code: report.RoutesFileInvalid}}
	for i, step := range []struct {
		troubles []report.Trouble
		want     any
	}{
		{invalid, "2026-11-28T12:00:05Z"},
		{append([]report.Trouble{{Code: report.UsageInMemory}}, invalid...), "2026-11-28T12:00:10Z"},
		{invalid, "2026-11-28T12:00:05Z"},
		{nil, nil},
		{invalid, "2026-11-28T12:00:25Z"},
	} {
		b.state.Troubles = step.troubles
		if got := since(); got != step.want {
			t.Errorf("step %d: since %v, want %v", i, got, step.want)
		}
	}
}

func TestTextFromOutsideIsBounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":                         "plain",
		"two\nlines\r\n\tand a\x00 NUL": "two lines and a NUL",
		"\x1b[31mred\u202e":             "[31mred",
		strings.Repeat("é", 100):        strings.Repeat("é", 100),
		strings.Repeat("é", 101):        strings.Repeat("é", 98) + "…",
		strings.Repeat("x", 100_000):    strings.Repeat("x", 197) + "…",
		"\xff\xfe":                      "\ufffd",
	} {
		b := newBench()
		b.state.Troubles = []report.Trouble{{Code: report.UsageRefused, Message: text}}
		b.state.Edge.Routes = []edge.RouteState{{Name: "a", Replicas: []upstream.ReplicaState{sick("h:1", upstream.Unhealthy, text)}}}
		got := b.next(t)
		last, _ := got["last_error"].(map[string]any)
		if last["message"] != want {
			t.Errorf("last_error: got %q, want %q", last["message"], want)
		}
		if message := upstreamsOf(t, got)[0].Replicas[0].Reason.Message; message != want {
			t.Errorf("reason: got %q, want %q", message, want)
		}
	}
}

func TestTheBuiltInRoutesToAuthServiceAreOne(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.state.Edge.Routes = []edge.RouteState{
		{Name: "token", Builtin: true, Calls: calls(1, 0, 0), Replicas: []upstream.ReplicaState{healthy("a:1"), sick("b:1", upstream.Ejected, "ejected"), healthy("c:1")}},
		{Name: "usage", Builtin: true, Calls: calls(0, 1, 0), Replicas: []upstream.ReplicaState{sick("a:1", upstream.Ejected, "also"), sick("b:1", upstream.Unhealthy, "unhealthy"), healthy("c:1")}},
		{Name: "root", Builtin: true, Replicas: []upstream.ReplicaState{healthy("m:1")}},
		{Name: "keys", Builtin: true, Calls: calls(2, 0, 0), Replicas: []upstream.ReplicaState{healthy("a:1"), sick("b:1", upstream.Ejected, "again"), healthy("c:1")}},
	}
	got := upstreamsOf(t, b.next(t))
	if len(got) != 2 || got[0].Route != "auth-service" || got[1].Route != "root" {
		t.Fatalf("got %+v", got)
	}
	own := got[0]
	if len(own.Replicas) != 3 || own.Replicas[0].Reason.Message != "also" || own.Replicas[1].Reason.Message != "unhealthy" || own.Replicas[2].Reason != nil {
		t.Errorf("the worse of two counts: got %+v", own.Replicas)
	}
	if own.Share == nil || *own.Share != 0.25 {
		t.Errorf("one call of four failed: got %v", own.Share)
	}
}

// seen is an upstream as auth-service reads it.
type seen struct {
	Route    string
	Share    *float64 `json:"server_error_share"`
	Replicas []struct {
		Address, State string
		Reason         *struct{ Code, Message string }
	}
}

func upstreamsOf(t *testing.T, body map[string]any) []seen {
	t.Helper()
	text, err := json.Marshal(body["upstreams"])
	if err != nil {
		t.Fatal(err)
	}
	var all []seen
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
