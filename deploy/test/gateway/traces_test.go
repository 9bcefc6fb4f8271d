package gateway_test

import (
	"regexp"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestTraceFields: without traces the two fields are the client's. With traces the upstream gets the gateway's own span, within the
// client's trace if the client has one, as W3C Trace Context says.
func TestTraceFields(t *testing.T) {
	t.Parallel()
	const parent, state = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=1,b=2"
	off, on := newRecorder(t, nil), newRecorder(t, nil)
	without := startGateway(t, public("/c", off.addr))
	with := startGateway(t, public("/c", on.addr), "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+testbed.FreeAddress(t))
	for _, row := range []struct {
		fields string
		inside bool // of the client's trace
	}{
		{"traceparent: " + parent + "\r\ntracestate: " + state + "\r\n", true},
		{"Traceparent: " + strings.Replace(parent, "00-", "cc-", 1) + "-more\r\nTracestate: " + state + "\r\n", true},
		{"Traceparent: " + strings.TrimSuffix(parent, "1") + "0\r\nTracestate: " + state + "\r\n", true},
		{"Traceparent: " + parent + "\r\nTraceparent: " + parent + "\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: " + parent + "-more\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: " + strings.Replace(parent, "00-", "ff-", 1) + "\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: " + strings.ToUpper(parent) + "\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01\r\nTracestate: " + state + "\r\n", false},
		{"Traceparent: x\r\nTracestate: " + state + "\r\n", false},
		{"Tracestate: " + state + "\r\n", false},
		{"", false},
	} {
		for _, g := range []*gateway{without, with} {
			conn := dial(t, g.addr)
			conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n" + row.fields + "\r\n")
			if r := conn.must(t, "GET"); r.StatusCode != 200 {
				t.Fatalf("%q: got %d", row.fields, r.StatusCode)
			}
		}
		unchanged, got := off.last(t), on.last(t)
		if text := strings.ToLower(unchanged.head); !strings.Contains(text, strings.ToLower(row.fields)) {
			t.Errorf("%q: without traces the upstream got %q", row.fields, unchanged.head)
		}
		own := regexp.MustCompile(`(?m)^Traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])\r$`).FindAllStringSubmatch(got.head, -1)
		if len(own) != 1 || strings.Count(strings.ToLower(got.head), "traceparent:") != 1 {
			t.Errorf("%q: the upstream got %q, want one traceparent", row.fields, got.head)
			continue
		}
		inside := own[0][1] == "4bf92f3577b34da6a3ce929d0e0e4736"
		keeps := strings.Contains(strings.ToLower(got.head), "tracestate: "+state+"\r\n")
		if inside != row.inside || keeps != row.inside || own[0][2] == "00f067aa0ba902b7" {
			t.Errorf("%q: the upstream got %q, want to be in the client's trace: %v", row.fields, got.head, row.inside)
		}
		if want := map[bool]string{true: "01", false: "00"}[!strings.Contains(row.fields, "b7-00")]; own[0][3] != want {
			t.Errorf("%q: got the flags %s, want %s", row.fields, own[0][3], want)
		}
	}
}
