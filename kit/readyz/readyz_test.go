package readyz_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tallygate/kit/readyz"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		page   string
		want   string // in the error; empty: none
	}{
		{"a service that is ready", http.StatusOK, `{"status":"ready"}`, ""},
		{"a service that waits for its database", http.StatusServiceUnavailable, `{"database":"unreachable"}`, `status 503: {"database":"unreachable"}`},
		{"a listener that is none of ours", http.StatusNotFound, "", "status 404"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					t.Errorf("got path %s, want /readyz", r.URL.Path)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.page))
			}))
			t.Cleanup(server.Close)
			err := readyz.Check(t.Context(), server.Listener.Addr().String())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := readyz.Check(ctx, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "not reachable") {
		t.Errorf("got %v, want that it is not reachable", err)
	}
}
