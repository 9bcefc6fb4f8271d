package testbed

import (
	"testing"

	"tallygate/kit/pgtest"
)

// StartPostgres starts a server that ends with the test, as durable as one in production, and returns its address.
// Without PostgreSQL's programs on this machine the test is skipped, in CI it fails.
func StartPostgres(t testing.TB) (*Process, string) {
	t.Helper()
	server, err := pgtest.New(t.Context(), true)
	pgtest.Require(t, err)
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	// After kill -9 the server's children end a moment later than it, and a new one refuses to start until then.
	p := Launch(t, Spec{Name: "postgres", Command: server.Command, Ready: server.Ready, Relaunch: true})
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, server.URL("postgres")
}
