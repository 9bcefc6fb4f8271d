package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestRoutesAreReadAgainAndABadFileChangesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	route := func(name string) string {
		return "routes:\n  - name: " + name + "\n    path: /" + name + "\n    upstream: " + serverAt(t, echo) + "\n    auth: public\n"
	}
	write(t, file, route("one"))
	g := start(t, map[string]string{"ROUTES_FILE": file})
	if status, body := g.get(t, "/one/x"); status != 200 || body != "GET /one/x user " {
		t.Fatalf("got %d %s", status, body)
	}
	write(t, file, route("two"))
	until(t, "the new route", func() bool { status, _ := g.get(t, "/two"); return status == 200 })
	if status, _ := g.get(t, "/one"); status != 404 {
		t.Errorf("the old route: got %d", status)
	}
	until(t, "the reload in the log", func() bool { return strings.Contains(g.log.String(), `"msg":"routes reloaded"`) })
	write(t, file, "routes:\n  - name: three\n    colour: red\n")
	until(t, "the refusal", func() bool { return strings.Contains(g.log.String(), `routes.yaml:3:5: unknown key`) })
	if status, _ := g.get(t, "/two"); status != 200 {
		t.Errorf("after the bad file: got %d", status)
	}
	resp, err := http.Get("http://" + g.private + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if metrics, _ := io.ReadAll(resp.Body); !strings.Contains(string(metrics), "\ntallygate_gateway_routes_valid 0\n") {
		t.Error("the metric says that the file is in force")
	}
}

func TestABadRoutesFileKeepsTheGatewayFromStarting(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, file, "routes:\n  - name: UP\n")
	vars := map[string]string{
		"JWT_SECRET": testSecret, "INTERNAL_SECRET": testSecret + "-internal", "STATE_DIR": t.TempDir(), "ROUTES_FILE": file,
		"ADDR": "127.0.0.1:0", "PRIVATE_ADDR": "127.0.0.1:0",
	}
	err := run(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "routes.yaml:2:11: name:") {
		t.Errorf("got %v", err)
	}
	write(t, file, "")
	if err := run(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, io.Discard); err == nil {
		t.Error("it starts with an empty file")
	}
	write(t, file, "routes:\n  - name: UP\n")
	if err := checkRoutes(file, nothing, io.Discard); err == nil || !strings.Contains(err.Error(), "routes.yaml:2:11: name:") {
		t.Errorf("-check-routes: got %v", err)
	}
}
