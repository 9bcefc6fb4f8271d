package store_test

import (
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
)

// TestEntriesOfVersionsWithoutChangesHaveNone: an entry that was written before migration 134 is read as it is, beside one with changes.
func TestEntriesOfVersionsWithoutChangesHaveNone(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		const before = 133
		migrateTo(t, url, before)
		now := "1"
		if strings.HasPrefix(url, "postgres") {
			now = "now()"
		}
		change(t, url, "insert into audit_log (at, actor_id, actor_name, action, target_id, target_name, detail, address) values ("+
			now+", null, 'command line', 'put plan', 0, 'pro', 'month=7', '')")
		db := open(t, url)
		putPlan(t, db, "pro")
		if err := deletePlan(t, db, "pro"); err != nil {
			t.Fatal(err)
		}
		entries, err := db.Audit(t.Context(), account.AuditQuery{Limit: 10})
		if err != nil || len(entries) != 3 {
			t.Fatalf("got %+v, %v", entries, err)
		}
		if old := entries[2]; len(old.Changes) != 0 || old.Detail != "month=7" || old.TargetName != "pro" || old.Actor.Name != "command line" {
			t.Errorf("got %+v", old)
		}
	})
}
