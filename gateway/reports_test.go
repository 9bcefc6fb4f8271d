package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/report"
	"tallygate/gateway/internal/upstream"
	"tallygate/kit/env"
	"tallygate/kit/internalapi/internalapitest"
)

func TestAGatewayReportsAsSoonAsItRuns(t *testing.T) {
	t.Parallel()
	auth, url := newAuthService(t)
	dir := t.TempDir()
	start(t, map[string]string{"AUTH_PRIVATE_URL": url, "STATE_DIR": dir})
	folders, err := os.ReadDir(dir)
	if err != nil || len(folders) != 1 {
		t.Fatalf("got %v, %v, want the folder of one gateway", folders, err)
	}
	var got internalapitest.Members
	until(t, "reported", func() bool { got = auth.Report(folders[0].Name()); return got != nil })
	if name, err := os.Hostname(); err != nil || got["name"] != name || got["version"] != "dev" {
		t.Errorf("got %v of %v", got["version"], got["name"])
	}
	if began, err := time.Parse(time.RFC3339, got["started_at"].(string)); err != nil || time.Since(began) > time.Minute {
		t.Errorf("started at %v", got["started_at"])
	}
	var routes []any
	for _, u := range got["upstreams"].([]any) {
		routes = append(routes, u.(internalapitest.Members)["route"])
	}
	if len(routes) != 2 || routes[0] != "auth-service" || routes[1] != "root" {
		t.Errorf("got the upstreams of %v", routes)
	}
}

// assemble makes a gateway that does not listen.
func assemble(t *testing.T, vars map[string]string) *gateway {
	t.Helper()
	r := env.NewReader(func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
	cfg := readConfig(r)
	keys := cfg.Keyring(r)
	bearer := cfg.bearer(r, keys)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	g, err := newGateway(cfg, keys, bearer, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = g.edge.Shutdown(ended) // nothing is open
		_ = g.meter.Close(ended)   // nothing is counted
	})
	return g
}

func TestTheStateIsGatheredFromAllParts(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	nobody := gone.Listener.Addr().String()
	gone.Close()
	dir := t.TempDir()
	file, cert, key := filepath.Join(dir, "routes.yaml"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	valid := "routes:\n- {name: search, path: /search, upstream: \"http://" + nobody + "\"}\n"
	write(t, file, valid)
	writePair(t, cert, key, 1)
	g := assemble(t, map[string]string{
		"JWT_SECRET": testSecret, "INTERNAL_SECRET": testInternalSecret, "STATE_DIR": filepath.Join(dir, "state"), "ROUTES_FILE": file,
		"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key, "AUTH_PRIVATE_URL": "http://" + nobody,
	})
	search := func() edge.RouteState {
		routes := g.state().Edge.Routes
		return routes[len(routes)-1]
	}
	until(t, "the replica is checked", func() bool { return search().Replicas[0].Reason != nil })
	if got := search(); got.Name != "search" || got.Replicas[0].Addr != nobody || got.Replicas[0].Reason.Code != upstream.ConnectionRefused {
		t.Errorf("got %+v, %+v", got, got.Replicas[0].Reason)
	}
	s := g.state()
	if s.FeedAge != nil || len(s.Troubles) != 0 || s.InMemory || s.UndeliveredFor <= 0 || s.UndeliveredFor > time.Minute {
		t.Errorf("got %+v", s)
	}
	if c := s.Certificates; len(c) != 1 || len(c[0].Names) != 1 || c[0].Names[0] != "localhost" || time.Until(c[0].NotAfter) < 50*time.Minute {
		t.Errorf("got the certificates %+v", c)
	}
	write(t, file, valid+"- {name: search}\n")
	for range 2 { // also when it is looked at again, unchanged
		if _, err := g.routes.reload(true); err == nil {
			t.Fatal("the file is valid")
		}
		if got := g.state().Troubles; len(got) != 1 || got[0].Code != report.RoutesFileInvalid || !strings.Contains(got[0].Message, file+":3") {
			t.Errorf("got %+v", got)
		}
	}
	write(t, file, valid)
	if _, err := g.routes.reload(true); err != nil {
		t.Fatal(err)
	}
	if got := g.state().Troubles; len(got) != 0 {
		t.Errorf("after the file is mended: got %+v", got)
	}
}
