package testbed

import (
	"testing"

	"tallygate/kit/pgtest"
)

// StartPostgres starts a server that ends with the test and returns its URL. The server is as durable as one in production.
// Without PostgreSQL's programs on this machine the test is skipped; in CI it fails.
func StartPostgres(t testing.TB) (*Process, string) {
	t.Helper()
	server, err := pgtest.New(t.Context(), true)
	pgtest.Require(t, err)
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	// After kill -9 the server's children end a moment after it. Until then a new server refuses to start.
	p := Launch(t, Spec{Name: "postgres", Command: server.Command, Ready: server.Ready, Relaunch: true})
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, server.URL("postgres")
}
