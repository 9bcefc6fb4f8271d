package upstream_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// stateOf is the state of an upstream's only replica.
func stateOf(t *testing.T, u *upstream.Upstream) upstream.ReplicaState {
	t.Helper()
	all := u.State()
	if len(all) != 1 {
		t.Fatalf("got %+v, want one replica", all)
	}
	return all[0]
}

// speakSSH responds with what is not HTTP.
func speakSSH(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = conn.Write([]byte("SSH-2.0\r\n\r\n"))
		_ = conn.Close()
	}
}

func TestAnUnhealthyReplicaSaysWhy(t *testing.T) {
	t.Parallel()
	refuses := httptest.NewServer(http.NotFoundHandler())
	nobody := refuses.Listener.Addr().String()
	refuses.Close()
	for name, test := range map[string]struct {
		handler http.HandlerFunc // nil: nobody listens
		spec    upstream.Spec
		want    upstream.Reason
	}{
		"another status than those that are good": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
			upstream.Spec{Health: "/healthz", Check: upstream.Check{Host: "api.example"}},
			upstream.Reason{Code: upstream.CheckStatus, Message: "GET /healthz with Host api.example: status 400 Bad Request."},
		},
		"no response": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			upstream.Spec{Health: "/healthz", Check: upstream.Check{Host: "a", Timeout: 20 * time.Millisecond}},
			upstream.Reason{Code: upstream.CheckTimeout, Message: "GET /healthz with Host a: no response within 20ms."},
		},
		"nobody listens": {
			nil,
			upstream.Spec{Health: "/healthz"},
			upstream.Reason{Code: upstream.ConnectionRefused, Message: "The connection was refused."},
		},
		"nobody listens, and the check only connects": {
			nil,
			upstream.Spec{},
			upstream.Reason{Code: upstream.ConnectionRefused, Message: "The connection was refused."},
		},
		"not HTTP": {
			speakSSH,
			upstream.Spec{Health: "/healthz", Check: upstream.Check{Host: "a"}},
			upstream.Reason{Code: upstream.OtherReason, Message: `GET /healthz with Host a: net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := test.spec
			spec.Addresses = []string{nobody}
			if test.handler != nil {
				server := httptest.NewServer(test.handler)
				t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
				spec.Addresses = []string{server.Listener.Addr().String()}
			}
			begun := time.Now()
			u := start(t, spec)
			until(t, "unhealthy", func() bool { return stateOf(t, u).Health == upstream.Unhealthy })
			got := stateOf(t, u)
			if got.Addr != spec.Addresses[0] || got.Reason == nil || *got.Reason != test.want {
				t.Errorf("got %+v, %+v, want %+v", got, got.Reason, test.want)
			}
			if got.CheckedAt.Before(begun) || got.CheckedAt.After(time.Now()) {
				t.Errorf("it was checked at %s", got.CheckedAt)
			}
		})
	}
}

func TestAHealthyReplicaHasNoReason(t *testing.T) {
	t.Parallel()
	u := start(t, upstream.Spec{Addresses: servers(t, 1)})
	until(t, "checked", func() bool { return !stateOf(t, u).CheckedAt.IsZero() })
	if got := stateOf(t, u); got.Health != upstream.Healthy || got.Reason != nil {
		t.Errorf("got %+v", got)
	}
}

func TestAnEjectionKeepsItsCauseAsLongAsItLasts(t *testing.T) {
	t.Parallel()
	addr := servers(t, 1)[0]
	u := startIn(t, upstream.Config{Watch: wire.NewWatch()}, upstream.Spec{Addresses: []string{addr}}) // its time stands still
	u.Fail(addr)
	got := stateOf(t, u)
	if want := (upstream.Reason{Code: upstream.RequestsFailed, Message: "it takes no connection"}); got.Health != upstream.Ejected || got.Reason == nil || *got.Reason != want {
		t.Errorf("got %+v, %+v, want ejected by %+v", got, got.Reason, want)
	}
	u.Succeed(addr)
	if got := stateOf(t, u); got.Health != upstream.Healthy || got.Reason != nil {
		t.Errorf("after a success: got %+v", got)
	}
}

func TestAReplicaThatRefusesConnectionsOfRequestsSaysSo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	addr := server.Listener.Addr().String()
	own := upstream.Config{Watch: wire.NewWatch()} // its time stands still
	u := startIn(t, own, upstream.Spec{Addresses: []string{addr}, Check: upstream.Check{Interval: time.Hour}})
	until(t, "checked", func() bool { return !stateOf(t, u).CheckedAt.IsZero() })
	server.Close()
	if err := u.Connect(addr); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Fatalf("got %v", err)
	}
	if got := stateOf(t, u); got.Health != upstream.Ejected || got.Reason == nil || got.Reason.Code != upstream.ConnectionRefused {
		t.Errorf("got %+v, %+v", got, got.Reason)
	}
}

func TestANameWithoutAnAddressSaysSo(t *testing.T) {
	t.Parallel()
	var dns names
	dns.set("a.test", "127.0.0.1")
	u := startIn(t, upstream.Config{Log: slog.New(slog.DiscardHandler), Lookup: dns.lookup}, upstream.Spec{Addresses: []string{"b.test:7", "a.test:1"}})
	want := upstream.Reason{Code: upstream.OtherReason, Message: "The name b.test does not resolve: no such host."}
	got := u.State()
	if len(got) != 2 || got[1].Addr != "b.test:7" || got[1].Health != upstream.Unhealthy || got[1].Reason == nil || *got[1].Reason != want {
		t.Errorf("got %+v, want a.test, and %+v", got, want)
	}
	dns.set("b.test", "127.0.0.2")
	dns.set("a.test") // it keeps its address
	until(t, "only replicas", func() bool {
		all := u.State()
		return len(all) == 2 && all[0].Addr == "127.0.0.1:1" && all[1].Addr == "127.0.0.2:7"
	})
}
