//go:build measure

package main

import (
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/store/pgtest"
)

// copyBound is how long a copy of manyUsers may take.
const copyBound = 10 * time.Minute

// TestMeasureCopyDatabase copies a million users and ten million rows of the ledger to a PostgreSQL with its usual durability.
func TestMeasureCopyDatabase(t *testing.T) { //nolint:paralleltest // it measures
	vars, server := bigDatabase(t), pgtest.Start(t)
	vars["TO_DATABASE_URL"] = server.NewDatabase(t.Context(), t)
	took, kib, out := measured(t, vars, "copy-database")
	t.Logf("copied in %v, peak memory %d KiB\n%s", took.Round(time.Second), kib, out)
	if took > copyBound {
		t.Errorf("the copy took longer than %v", copyBound)
	}
	copied := map[string]string{"DATABASE_URL": vars["TO_DATABASE_URL"]}
	took, _, out = measured(t, copied, "ledger", "verify")
	t.Logf("ledger verify on the copy: %v", took.Round(time.Second))
	if !strings.Contains(out, "The ledger agrees") {
		t.Errorf("got %s", out)
	}
}
