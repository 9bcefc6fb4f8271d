package edge_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/token"
)

// keeper knows two users: one's token is "good", the other's "limited", because there is a quota.
type keeper struct{}

func (keeper) Check(_ context.Context, authorization []string) (check.Identity, error) {
	raw, err := token.FromAuthorization(authorization)
	if err != nil {
		return check.Identity{}, err
	}
	if raw == "limited" {
		return check.Identity{UserID: 8, MonthlyQuota: 1}, nil
	}
	if raw == "analyst" {
		return check.Identity{UserID: 9, MonthlyQuota: check.NoQuota, Roles: check.NewRoles([]string{"analyst", "ops"}, "")}, nil
	}
	if raw != "good" {
		return check.Identity{}, token.ErrInvalid
	}
	return check.Identity{UserID: 7, MonthlyQuota: check.NoQuota}, nil
}

// Ticket knows one ticket for each path, and one for any: they hold the token "good".
func (k keeper) Ticket(ctx context.Context, raw string, good func(path string) bool) (check.Identity, string, error) {
	path, ok := strings.CutPrefix(raw, "tgt_for")
	if !ok || path != "" && !good(strings.ReplaceAll(path, ":", "/")) {
		return check.Identity{}, "", token.ErrInvalid
	}
	who, err := k.Check(ctx, []string{"good"})
	return who, "good", err
}

// Key knows the user's key, one that is good on the route r-a only, and one whose token has expired.
func (keeper) Key(_ context.Context, raw, _ string) (check.Identity, string, error) {
	who := check.Identity{UserID: 7, MonthlyQuota: check.NoQuota, Key: &check.Key{ID: 70, MonthlyQuota: check.NoQuota}}
	switch raw {
	case "tg_good":
		return who, "Bearer stands-for-it", nil
	case "tg_narrow":
		who.Key = &check.Key{ID: 71, MonthlyQuota: check.NoQuota, Routes: []string{"r-a"}}
		return who, "Bearer stands-for-it", nil
	case "tg_stale":
		return who, "", nil
	}
	return check.Identity{}, "", token.ErrInvalid
}

func (keeper) Valid(check.Identity, time.Time) error { return nil }

// nobody is a ledger that cannot be reached: the meter keeps its counts.
type nobody struct{}

func (nobody) Usage(context.Context, []byte) error { return errors.New("away") }

func (nobody) UsageInUnits(context.Context, []byte) error { return errors.New("away") }

func (nobody) Release(context.Context, string) error { return errors.New("away") }

// gate starts a gateway with these routes, and returns its address.
func gate(t *testing.T, routes ...*route.Route) string {
	t.Helper()
	return gateWith(t, edge.Config{}, routes...)
}

func gateWith(t *testing.T, cfg edge.Config, routes ...*route.Route) string {
	t.Helper()
	_, addr := serverWith(t, cfg, upstream.Config{}, routes...)
	return addr
}

// serverWith is gateWith for tests that have routes replaced, names resolved, or calls counted.
func serverWith(t *testing.T, cfg edge.Config, upstreams upstream.Config, routes ...*route.Route) (*edge.Server, string) {
	t.Helper()
	cfg.Watch = wire.NewWatch()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	upstreams.Watch, upstreams.Log = cfg.Watch, cfg.Log
	cfg.Upstreams = upstream.New(upstreams)
	cfg.Engine = forward.New(forward.Config{Watch: cfg.Watch, Via: "test", Budget: cfg.Budget})
	if cfg.Metrics == nil {
		cfg.Metrics = edge.NewMetrics()
	}
	if cfg.Check == nil {
		cfg.Check = keeper{}
	}
	if cfg.Meter == nil {
		cfg.Meter = meterOf(t, nobody{})
	}
	if cfg.Quotas == nil {
		cfg.Quotas = says{}
	}
	cfg.Rates = limit.NewRates(limit.RateConfig{Bound: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	if cfg.Pages == nil {
		cfg.Pages = map[string]console.Page{"/docs": {ContentType: "text/html", Body: []byte("<p>docs"), ETag: `"1"`, Policy: "default-src 'none'"}}
	}
	go cfg.Watch.Run(t.Context())
	s := edge.New(cfg)
	s.SetRoutes(table(t, routes...))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(ctx) // what is left is cut
	})
	return s, l.Addr().String()
}

func table(t *testing.T, routes ...*route.Route) *route.Table {
	t.Helper()
	table, err := route.NewTable(routes)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// open is a public route to the upstreams, with retries and without limits.
func open(path string, upstreams ...string) *route.Route {
	timeouts := route.Timeouts{Connect: time.Second, FirstByte: 5 * time.Second, Progress: 5 * time.Second}
	return &route.Route{
		Name: "r" + strings.ReplaceAll(path, "/", "-"), Path: path, Upstreams: upstreams, Public: true,
		MaxBody: route.Unbounded, Timeouts: timeouts, Retries: 1, WebSocket: true,
	}
}

// locked is the same with a token required.
func locked(path string, upstreams ...string) *route.Route {
	r := open(path, upstreams...)
	r.Public, r.IdentityHeader = false, "X-User-Id"
	return r
}

// replica starts a server.
func replica(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.Listener.Addr().String()
}

// rawReplica accepts connections and hands each to serve.
func rawReplica(t *testing.T, serve func(net.Conn, *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String()
}

// echo responds with the request as it came.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Method", r.Method)
	var b strings.Builder
	b.WriteString(r.Method + " " + r.RequestURI + "\n" + "Host: " + r.Host + "\n")
	_ = r.Header.Write(&b) // a Builder does not fail
	_, _ = io.WriteString(w, b.String())
	_, _ = io.Copy(w, r.Body)
}

// dial opens a connection to the gate.
func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs fails
	return c, bufio.NewReader(c)
}

// send writes raw text.
func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// response reads one response with its body.
func response(t *testing.T, r *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("after %q: %v", body, err)
	}
	return resp, string(body)
}

// call sends one request and reads the response.
func call(t *testing.T, addr, text string) (*http.Response, string) {
	t.Helper()
	c, r := dial(t, addr)
	send(t, c, text)
	method, _, _ := strings.Cut(text, " ")
	return response(t, r, method)
}

// closed reports whether the other side has closed the connection, and nothing more has come.
func closed(r *bufio.Reader) bool {
	_, err := r.ReadByte()
	return err == io.EOF
}

// counted responds, and counts.
func counted(n *atomic.Int64) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { n.Add(1) }
}
