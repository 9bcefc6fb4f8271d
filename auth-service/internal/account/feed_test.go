package account_test

import (
	"context"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
)

// signOuts is a store in which as many users have changed, each with so many sessions that have ended.
type signOuts struct {
	account.Store
	users int64
	ended int
	keys  int // each with 100 routes
}

func (s signOuts) ChangeCounter(context.Context) (account.ChangeCounter, error) {
	return account.ChangeCounter{Last: s.users}, nil
}

func (s signOuts) ChangesAfter(_ context.Context, after int64, limit int) (changes []account.Noted, err error) {
	for n := after + 1; n <= s.users && len(changes) < limit; n++ {
		changes = append(changes, account.Noted{Number: n, UserID: n})
	}
	return changes, nil
}

func (s signOuts) Records(_ context.Context, ids []int64, _ time.Duration, _ time.Time) ([]account.Record, error) {
	records := make([]account.Record, len(ids))
	for i := range ids {
		records[i].Ended = make([]account.EndedSession, s.ended)
		for range s.keys {
			records[i].Keys = append(records[i].Keys, account.APIKey{Routes: make([]string, 100)})
		}
	}
	return records, nil
}

// TestPageOfTheFeedIsBounded: ended sessions and keys count too, not only records. A gateway refuses a response that is too large.
func TestPageOfTheFeedIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		store signOuts
		want  []int // records on one page after the other
	}{
		{"few have ended", signOuts{users: 1200, ended: 1}, []int{1000, 200, 0}},
		{"many have ended", signOuts{users: 120, ended: 990}, []int{102, 18, 0}},
		{"as many as one user may have", signOuts{users: 250, ended: 1000}, []int{100, 100, 50, 0}},
		{"as many keys as one user may have", signOuts{users: 12, keys: 100}, []int{10, 2, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			feed := account.NewFeed(account.FeedConfig{Store: test.store})
			cursor := int64(0)
			for _, want := range test.want {
				page, err := feed.After(t.Context(), cursor, 0)
				if err != nil || len(page.Records) != want || page.Cursor != cursor+int64(want) {
					t.Fatalf("after %d: got %d records up to %d, %v, want %d", cursor, len(page.Records), page.Cursor, err, want)
				}
				cursor = page.Cursor
			}
		})
	}
}
