package system_test

import (
	"path/filepath"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, database := range []struct {
		name string
		url  func(*testing.T) string
	}{
		{"SQLite", func(*testing.T) string { return "" }},
		{"PostgreSQL", func(t *testing.T) string {
			t.Helper()
			_, url := testbed.StartPostgres(t)
			return url
		}},
	} {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			r := startRunner(t, t.TempDir(), "DATABASE_URL="+database.url(t))
			r.waitReady(t)
			t.Run("calls", func(t *testing.T) { contract.Check(t, r.base, "contract") })
			t.Run("the clients' Python", func(t *testing.T) {
				contract.CheckPython(t, r.base, filepath.Join(testbed.Root(), "docs", "examples", "python", "client.py"))
			})
		})
	}
}
