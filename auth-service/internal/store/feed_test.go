package store_test

import (
	"fmt"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
)

// TestAnswerOfTheFeedIsBounded by what it holds, not only by its records: a gateway refuses an answer that is too large.
func TestAnswerOfTheFeedIsBounded(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for i := range 120 {
			user := insert(t, db, fmt.Sprint("user", i))
			many(t, db, url, user, 1, 300)
			end(t, db, fmt.Sprintf("live %d 1", user.ID), noon(), list())
		}
		accounts := account.NewService(account.Config{Store: db, Lifetimes: account.Lifetimes{Access: time.Hour}, Now: noon})
		feed := account.NewFeed(db, accounts)
		seen, cursor := 0, int64(0)
		for _, want := range []int{100, 20, 0} {
			records, next, err := feed.After(t.Context(), cursor, 0)
			if err != nil || len(records) != want {
				t.Fatalf("after %d: got %d records, %v, want %d", cursor, len(records), err, want)
			}
			seen, cursor = seen+len(records), next
		}
		if seen != 120 || cursor != 120 {
			t.Errorf("saw %d users up to %d, want 120", seen, cursor)
		}
	})
}
