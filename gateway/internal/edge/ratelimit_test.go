package edge_test

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
	"tallygate/kit/rate"
)

// rated is a metered route with a rate of 9 calls an hour.
func rated(r *route.Route) *route.Route {
	r.Metered, r.Rate = true, route.Rate{Requests: 9, Per: time.Hour, Burst: 9}
	return r
}

// wantFields checks that a response has each field once, and says that so many calls remain.
func wantFields(t *testing.T, name string, resp *http.Response, policy, remaining string) {
	t.Helper()
	policies, states := resp.Header.Values("RateLimit-Policy"), resp.Header.Values("RateLimit")
	if len(policies) != 1 || len(states) != 1 || policies[0] != policy || states[0] != remaining {
		t.Errorf("%s: got %d, %q and %q, want %q and %q", name, resp.StatusCode, policies, states, policy, remaining)
	}
}

func TestEveryResponseOfALimitedRouteSaysWhatRemains(t *testing.T) { //nolint:funlen // a table
	t.Parallel()
	backend := replica(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/a/"))
		if status > 0 {
			w.WriteHeader(status)
		}
		if r.URL.Path == "/a/stream" {
			_, _ = io.WriteString(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
		}
	})
	broken := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if req, err := http.ReadRequest(r); err == nil && strings.HasPrefix(req.URL.Path, "/broken") {
			_, _ = io.WriteString(c, "no HTTP\r\n\r\n")
		}
	})
	small, analysts, nowhere := rated(locked("/small", backend)), rated(locked("/analysts", backend)), rated(locked("/nowhere", "127.0.0.1:1"))
	small.MaxBody, analysts.Roles = 3, []string{"none"}
	late := rated(locked("/late", replica(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })))
	late.Timeouts.FirstByte = 50 * time.Millisecond
	routes := []*route.Route{
		rated(locked("/a", backend)), rated(locked("/ws", chooser(t, ""))), rated(locked("/broken", broken)), small, analysts, nowhere, late, rated(locked("/key", backend)),
	}
	for name, c := range map[string]struct {
		request   string
		status    int
		name      string
		remaining string
	}{
		"success":                 {getting("/a/200", "Authorization: good"), 200, "r-a", "8"},
		"created":                 {getting("/a/201", "Authorization: good"), 201, "r-a", "8"},
		"no content":              {getting("/a/204", "Authorization: good"), 204, "r-a", "8"},
		"moved":                   {getting("/a/302", "Authorization: good"), 302, "r-a", "8"},
		"not modified":            {getting("/a/304", "Authorization: good"), 304, "r-a", "8"},
		"the upstream's refusal":  {getting("/a/404", "Authorization: good"), 404, "r-a", "8"},
		"the upstream's 429":      {getting("/a/429", "Authorization: good"), 429, "r-a", "8"},
		"the upstream's failure":  {getting("/a/500", "Authorization: good"), 500, "r-a", "8"},
		"HEAD":                    {"HEAD /a HTTP/1.1\r\nHost: x\r\nAuthorization: good\r\n\r\n", 200, "r-a", "8"},
		"an API key":              {getting("/a", "X-API-Key: tg_good"), 200, "r-a", "8"},
		"a stream":                {getting("/a/stream", "Authorization: good", "Connection: close"), 200, "r-a", "8"},
		"a WebSocket":             {strings.Replace(handshake, "/a", "/ws", 1) + "Authorization: good\r\n\r\n", 101, "r-ws", "8"},
		"no replica":              {getting("/nowhere", "Authorization: good"), 503, "r-nowhere", "8"},
		"no HTTP":                 {getting("/broken", "Authorization: good"), 502, "r-broken", "8"},
		"no response":             {getting("/late", "Authorization: good"), 504, "r-late", "8"},
		"a body that is too long": {"POST /small HTTP/1.1\r\nHost: x\r\nAuthorization: good\r\nContent-Length: 4\r\n\r\nlong", 413, "r-small", "9"},
		"chunks that are too many": {
			"POST /small HTTP/1.1\r\nHost: x\r\nAuthorization: good\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlong\r\n0\r\n\r\n", 413, "r-small", "8",
		},
		"a role that is missing": {getting("/analysts", "Authorization: good"), 403, "r-analysts", "9"},
		"a key of other routes":  {getting("/key", "X-API-Key: tg_narrow"), 403, "r-key", "9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, r := dial(t, gate(t, routes...))
			send(t, conn, c.request)
			method, _, _ := strings.Cut(c.request, " ")
			resp, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("got %d", resp.StatusCode)
			}
			reset := ";t=3600"
			wantFields(t, name, resp, `"`+c.name+`";q=9;w=3600`, `"`+c.name+`";r=`+c.remaining+reset)
		})
	}
}

func TestResponsesWithoutALimitSayNothing(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	metered, unmetered, tally := locked("/a", backend), locked("/b", backend), rated(locked("/c", backend))
	metered.Metered, tally.Tallies = true, []string{"/c/limits", "/c/usage"}
	public := open("/d", backend)
	addr := gate(t, metered, unmetered, tally, public)
	for _, path := range []string{"/a", "/b", "/c/usage", "/c/limits", "/d"} {
		if resp, _ := call(t, addr, getting(path, "Authorization: good")); resp.StatusCode != http.StatusOK || resp.Header["Ratelimit"] != nil || resp.Header["Ratelimit-Policy"] != nil {
			t.Errorf("%s: got %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	if resp, _ := call(t, addr, getting("/c", "Authorization: bad")); resp.StatusCode != http.StatusUnauthorized || resp.Header["Ratelimit"] != nil {
		t.Errorf("nobody: got %d %v", resp.StatusCode, resp.Header)
	}
}

func TestBothRatesSayWhatTheyLeaveAlsoWhenOneRefuses(t *testing.T) {
	t.Parallel()
	one := check.PlanRate{Route: "*", Rate: rate.Rate{Calls: 60, Per: time.Hour}, Burst: 1}
	addr := gateWith(t, edge.Config{Check: planned{plan: planOf(check.NoQuota, one)}}, rated(locked("/a", replica(t, echo))))
	for _, want := range []int{http.StatusOK, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		resp, body := call(t, addr, getting("/a", "Authorization: any"))
		if resp.StatusCode != want {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		wantFields(t, body, resp, `"r-a";q=9;w=3600, "plan r-a";q=60;w=3600`, `"r-a";r=8;t=3600, "plan r-a";r=0;t=60`)
	}
}

func TestRefusalsSayWhatRatesAndQuotasLeave(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	quick := rated(locked("/a", backend))
	quick.Rate.Burst = 1
	addr := gateWith(t, edge.Config{Quotas: says{}}, quick, rated(locked("/b", backend)))
	for i, want := range []struct {
		path   string
		status int
		says   string
	}{
		{"/a", 200, `"r-a";r=0;t=400, "month";r=1;t=60`},
		{"/a", 429, `"r-a";r=0;t=400, "month";r=1;t=60`},
		{"/b", 200, `"r-b";r=8;t=3600, "month";r=1;t=60`},
	} {
		resp, body := call(t, addr, getting(want.path, "Authorization: limited"))
		if resp.StatusCode != want.status {
			t.Errorf("call %d: got %d %s", i+1, resp.StatusCode, body)
		}
		wantFields(t, body, resp, strings.Replace(`"r-a";q=9;w=3600, "month";q=1;w=3600`, "r-a", "r-"+want.path[1:], 1), want.says)
	}
	addr = gateWith(t, edge.Config{Quotas: spent()}, rated(locked("/a", backend)))
	resp, body := call(t, addr, getting("/a", "Authorization: limited"))
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "quota-used-up") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	wantFields(t, body, resp, `"r-a";q=9;w=3600, "month";q=1;w=3600`, `"r-a";r=8;t=3600, "month";r=1;t=60`)
}

func TestWhoHasTooManyInFlightLearnsWhatTheRatesLeave(t *testing.T) {
	t.Parallel()
	addr := gateWith(t, edge.Config{Check: planned{plan: planOf(0)}}, rated(locked("/a", replica(t, echo))))
	resp, body := call(t, addr, getting("/a", "Authorization: any"))
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "too-many-in-flight") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	wantFields(t, "refused", resp, `"r-a";q=9;w=3600`, `"r-a";r=9;t=3600`)
}

// TestTheUpstreamsOwnLimitsPassBeside: both fields are lists, and the lists of several lines are one (RFC 9651 section 4.2).
func TestTheUpstreamsOwnLimitsPassBeside(t *testing.T) {
	t.Parallel()
	addr := gate(t, rated(locked("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("RateLimit", `"own";r=1;t=2`)
	}))))
	resp, _ := call(t, addr, getting("/a", "Authorization: good"))
	if got := strings.Join(resp.Header.Values("RateLimit"), ", "); got != `"own";r=1;t=2, "r-a";r=8;t=3600` {
		t.Errorf("got %s", got)
	}
}

func TestTheFieldsOfOneRequestAreNotThoseOfTheNext(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	c, r := dial(t, gate(t, rated(locked("/a", backend)), open("/b", backend)))
	for i, path := range []string{"/a", "/b", "/a", "/b"} {
		send(t, c, getting(path, "Authorization: good"))
		resp, _ := response(t, r, "GET")
		if i%2 == 1 {
			if resp.Header["Ratelimit"] != nil || resp.Header["Ratelimit-Policy"] != nil {
				t.Errorf("call %d: got %v", i+1, resp.Header)
			}
			continue
		}
		wantFields(t, path, resp, `"r-a";q=9;w=3600`, `"r-a";r=`+strconv.Itoa(8-i/2)+`;t=3600`)
	}
}

func TestNumbersOfTheFieldsAreBounded(t *testing.T) {
	t.Parallel()
	all := []limit.Standing{{Name: "month", Quota: math.MaxInt64, Window: time.Millisecond, Remaining: math.MaxInt64, Reset: time.Second + 1}}
	if got := string(edge.AppendPolicies(nil, all)); got != `"month";q=999999999999999;w=1` {
		t.Errorf("got %s", got)
	}
	if got := string(edge.AppendStandings(nil, all)); got != `"month";r=999999999999999;t=2` {
		t.Errorf("got %s", got)
	}
	all[0].Remaining, all[0].Reset = -1, -time.Second
	if got := string(edge.AppendStandings(nil, all)); got != `"month";r=0;t=0` {
		t.Errorf("got %s", got)
	}
}

func BenchmarkTheFieldsOfTwoLimits(b *testing.B) {
	all := []limit.Standing{
		{Name: "reports", Quota: 100, Window: time.Minute, Remaining: 42, Reset: 17 * time.Second},
		{Name: "month", Quota: 100_000, Window: 31 * 24 * time.Hour, Remaining: 81_723, Reset: 12 * 24 * time.Hour},
	}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = edge.AppendStandings(edge.AppendPolicies(buf[:0], all), all)
	}
}

// tells is a quota of 100 of which nothing is used, and which says so when the cost is known.
type tells struct{}

func (tells) Admit(_ context.Context, c *limit.Claim, left *limit.Standings) error {
	if c.Cost > 0 {
		tells{}.Spend(c, c.Cost, left)
	}
	return nil
}
func (tells) Look(*limit.Claim, *limit.Standings) {}
func (tells) AwaitDelivery(context.Context)       {}
func (tells) Spend(_ *limit.Claim, cost int64, left *limit.Standings) bool {
	left.Add(limit.Standing{Name: "month", Quota: 100, Window: time.Hour, Remaining: 100 - cost, Reset: time.Minute})
	return true
}

func TestAnAnnouncedCostIsTakenFromWhatItsResponseSaysRemains(t *testing.T) {
	t.Parallel()
	backend := replica(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Cost", r.URL.Query().Get("cost")) })
	dear, gone := rated(locked("/dear", backend)), rated(locked("/gone", "127.0.0.1:1"))
	dear.CostField, gone.CostField, gone.ExtraCost = "X-Cost", "X-Cost", 4
	fixed := rated(locked("/fixed", backend))
	fixed.ExtraCost = 1
	gw := gateWith(t, edge.Config{Quotas: tells{}}, dear, gone, fixed)
	for _, row := range []struct{ path, name, remaining string }{
		{"/dear?cost=30", "r-dear", "70"}, {"/gone", "r-gone", "95"}, {"/fixed", "r-fixed", "98"},
	} {
		resp, _ := call(t, gw, getting(row.path, "Authorization: good"))
		wantFields(t, row.path, resp, `"`+row.name+`";q=9;w=3600, "month";q=100;w=3600`, `"`+row.name+`";r=8;t=3600, "month";r=`+row.remaining+`;t=60`)
	}
}
