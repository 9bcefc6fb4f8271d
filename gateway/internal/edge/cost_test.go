package edge_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
)

// kind is a kind of call, and what of it is counted. docs/usage.md has the same table.
type kind struct {
	name    string
	request string
	// hangUp: the client leaves without waiting for the response.
	hangUp bool
	change func(r *route.Route)
	quotas edge.Quotas
	want   usage // of a route with cost: 5; bytes are not compared
}

// kindsOfCalls are calls of upstreams that misbehave by path: see anyUpstream.
func kindsOfCalls() []kind {
	const lines = " HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n"
	upgrade := "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
	bounded := func(r *route.Route) { r.MaxBody = 3 }
	return []kind{
		{name: "`GET`, `POST` and others", request: "GET /a" + lines + "\r\n", want: usage{Requests: 1, Units: 5}},
		{name: "`HEAD`", request: "HEAD /a" + lines + "\r\n", want: usage{Requests: 1, Units: 5}},
		{name: "304", request: "GET /a/304" + lines + "\r\n", want: usage{Requests: 1, Units: 5}},
		{name: "4xx of the upstream", request: "GET /a/404" + lines + "\r\n", want: usage{Requests: 1, Units: 5, ClientErrors: 1}},
		{name: "5xx of the upstream", request: "GET /a/500" + lines + "\r\n", want: usage{Requests: 1, Units: 5, ServerErrors: 1}},
		{name: "a WebSocket, however long", request: "GET /a/ws" + lines + upgrade, hangUp: true, want: usage{Requests: 1, Units: 5}},
		{name: "server-sent events, however many", request: "GET /a/events" + lines + "\r\n", hangUp: true, want: usage{Requests: 1, Units: 5}},
		{
			name: "a client that leaves before the response", request: "GET /a/silent" + lines + "\r\n", hangUp: true,
			want: usage{Requests: 1, Units: 5, ClientErrors: 1},
		},
		{name: "sent again, to the same or another replica", request: "GET /a/again" + lines + "\r\n", want: usage{Requests: 1, Units: 5}},
		{
			name: "502, 503, 504 of the gateway, when the call was let through", request: "GET /gone" + lines + "\r\n",
			want: usage{Requests: 1, Units: 5, ServerErrors: 1},
		},
		{
			name: "413 that shows while the body comes", request: "POST /a" + lines + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			change: bounded, want: usage{Requests: 1, Units: 5, ClientErrors: 1},
		},
		{name: "413 by the length that the request says", request: "POST /a" + lines + "Content-Length: 5\r\n\r\nhello", change: bounded},
		{name: "401", request: "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{name: "403: the user has none of the route's roles", request: "GET /a" + lines + "\r\n", change: func(r *route.Route) { r.Roles = []string{"none"} }},
		{name: "403: the route is not among the key's", request: "GET /gone HTTP/1.1\r\nHost: a\r\nAuthorization: tg_narrow\r\n\r\n"},
		{name: "429: a rate or a quota", request: "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: limited\r\n\r\n", quotas: spent(), want: usage{RateLimited: 1}},
	}
}

// anyUpstream responds as the path says.
func anyUpstream(t *testing.T, arrived chan<- struct{}) string {
	t.Helper()
	var broken atomic.Bool
	return rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			text := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
			switch strings.TrimPrefix(req.URL.Path, "/a/") {
			case "304", "404", "500":
				text = "HTTP/1.1 " + req.URL.Path[3:] + " x\r\nContent-Length: 0\r\n\r\n"
			case "ws":
				text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
			case "events":
				text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n"
			case "silent":
				close(arrived)
				_, _ = io.Copy(io.Discard, r)
				return
			case "again":
				if broken.CompareAndSwap(false, true) {
					return
				}
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	})
}

func TestEveryKindOfCallIsCountedOnceAsDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kindsOfCalls() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cost := "0"
			if k.want.Units > 0 {
				cost = "the cost"
			}
			if line := fmt.Sprintf("| %s | %d | %s |", k.name, k.want.Requests, cost); !strings.Contains(string(docs), line) {
				t.Errorf("docs/usage.md has no line %s", line)
			}
			arrived := make(chan struct{})
			a, gone := locked("/a", anyUpstream(t, arrived)), locked("/gone", "127.0.0.1:1")
			a.Metered, gone.Metered, a.ExtraCost, gone.ExtraCost = true, true, 4, 4
			if k.change != nil {
				k.change(a)
			}
			got := tallied(t, edge.Config{Quotas: k.quotas}, k.request, k.hangUp, arrived, a, gone)
			if got.BytesIn, got.BytesOut = 0, 0; got != k.want {
				t.Errorf("got %+v, want %+v", got, k.want)
			}
		})
	}
}

// tallied sends a request and returns what of it is counted. With hangUp it leaves once the upstream has got the request.
func tallied(t *testing.T, cfg edge.Config, request string, hangUp bool, arrived <-chan struct{}, routes ...*route.Route) usage {
	t.Helper()
	b := &adder{}
	m := meterOf(t, b)
	cfg.Meter = m
	s, gw := serverWith(t, cfg, upstream.Config{}, routes...)
	c, r := dial(t, gw)
	send(t, c, request)
	switch {
	case !hangUp:
		response(t, r, strings.Fields(request)[0])
	case strings.Contains(request, "/silent"):
		_ = c.(*net.TCPConn).SetLinger(0) // the gateway sees that nobody waits any more
		<-arrived
	default:
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.sum
}

func TestAnAnnouncedCostIsCountedAndTakenOutOfTheResponse(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fields string
		units  int
		wrong  float64
		passes string
	}{
		"a cost":              {"X-Cost: 12\r\n", 12, 0, ""},
		"in small letters":    {"x-cost:7\r\n", 7, 0, ""},
		"nothing":             {"X-Cost: 0\r\n", 0, 0, ""},
		"the most":            {"X-Cost: 1000000\r\n", 1_000_000, 0, ""},
		"more than the most":  {"X-Cost: 1000001\r\n", 5, 1, ""},
		"far more":            {"X-Cost: 99999999999999999999\r\n", 5, 1, ""},
		"less than nothing":   {"X-Cost: -1\r\n", 5, 1, ""},
		"a fraction":          {"X-Cost: 1.5\r\n", 5, 1, ""},
		"no number":           {"X-Cost: much\r\n", 5, 1, ""},
		"an empty one":        {"X-Cost:\r\n", 5, 1, ""},
		"two":                 {"X-Cost: 1\r\nX-Cost: 1\r\n", 5, 1, ""},
		"none":                {"", 5, 0, ""},
		"another field":       {"X-Costs: 3\r\n", 5, 0, "X-Costs"},
		"in the middle of it": {"Server: a\r\nX-Cost: 3\r\nAge: 1\r\n", 3, 0, "Age"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
				if _, err := http.ReadRequest(r); err == nil {
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+row.fields+"Content-Length: 2\r\n\r\nok")
				}
			})
			a := locked("/a", addr)
			a.Metered, a.ExtraCost, a.CostField = true, 4, "X-Cost"
			metrics := edge.NewMetrics()
			b := &adder{}
			m := meterOf(t, b)
			gw := gateWith(t, edge.Config{Meter: m, Metrics: metrics}, a)
			resp, body := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n")
			if resp.StatusCode != 200 || body != "ok" || resp.Header["X-Cost"] != nil || row.passes != "" && resp.Header[row.passes] == nil {
				t.Errorf("got %d %v %s", resp.StatusCode, resp.Header, body)
			}
			if err := m.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b.sum.Requests != 1 || b.sum.Units != row.units {
				t.Errorf("got %+v, want %d units", b.sum, row.units)
			}
			if got := edge.WrongCosts(metrics, a.Name); got != row.wrong {
				t.Errorf("%v responses were counted as wrong, want %v", got, row.wrong)
			}
		})
	}
}

func TestWithoutAResponseOfTheUpstreamTheRoutesCostIsCounted(t *testing.T) {
	t.Parallel()
	gone := locked("/gone", "127.0.0.1:1")
	gone.Metered, gone.ExtraCost, gone.CostField = true, 4, "X-Cost"
	if got := tallied(t, edge.Config{}, "GET /gone HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n", false, nil, gone); got.Requests != 1 || got.Units != 5 {
		t.Errorf("got %+v", got)
	}
}

func TestAFreeRouteCostsNothingAndAFieldThatNobodyAskedForPasses(t *testing.T) {
	t.Parallel()
	a := locked("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Cost", "9") }))
	a.Metered, a.ExtraCost = true, -1
	b := &adder{}
	m := meterOf(t, b)
	gw := gateWith(t, edge.Config{Meter: m}, a)
	if resp, _ := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n"); resp.Header.Get("X-Cost") != "9" {
		t.Errorf("got %v", resp.Header)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.sum.Requests != 1 || b.sum.Units != 0 {
		t.Errorf("got %+v", b.sum)
	}
}
