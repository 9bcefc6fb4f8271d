//go:build chaos && unix

package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// user calls /root and keeps a count of its own.
type user struct {
	contract.Credentials
	id    int64
	token string
	key   string // an API key to call with; empty: the token
	cost  int64  // of a call, in units

	sent    atomic.Int64 // requests that were begun
	seen    atomic.Int64 // responses of status 200 that came in full
	refused atomic.Int64 // responses of any other status: the gateway has forwarded nothing
}

// newUsers registers users and signs them in.
func newUsers(t *testing.T, base string, count int) []*user {
	t.Helper()
	client := contract.NewClient(base)
	users := make([]*user, 0, count)
	for i := range count {
		u := &user{cost: 1, Credentials: contract.Credentials{Username: fmt.Sprintf("caller-%d", i), Password: "123456"}}
		got, err := client.Register(u.Credentials)
		if err != nil || got.Status != http.StatusCreated {
			t.Fatalf("register: got %d %s (%v), want 201", got.Status, got.Body, err)
		}
		if u.id, err = userID(got); err != nil {
			t.Fatal(err)
		}
		u.token = client.Token(t, u.Credentials)
		users = append(users, u)
	}
	return users
}

func userID(registered contract.Response) (int64, error) {
	var body struct {
		UserID int64 `json:"user_id"`
	}
	err := json.Unmarshal([]byte(registered.Body), &body)
	return body.UserID, err
}

// counted looks up the user's calls of these days, as the user does. It is an error if they have not cost what they should,
// or if the sum over the API keys is not the total.
func (u *user) counted(base string) (int64, error) {
	day := func(offset int) string { return time.Now().UTC().AddDate(0, 0, offset).Format(time.DateOnly) }
	query := url.Values{"from": {day(-1)}, "to": {day(2)}, "route": {"root"}, "group": {"key"}}
	got, err := contract.NewClient(base).Do(http.MethodGet, "/users/me/usage?"+query.Encode(), http.Header{"Authorization": {u.token}}, nil)
	if err != nil {
		return 0, err
	}
	type counts struct{ Requests, Units int64 }
	var body struct {
		Total  counts
		Series []counts
	}
	if got.Status != http.StatusOK {
		return 0, fmt.Errorf("usage: got %d %s, want 200", got.Status, got.Body)
	}
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		return 0, err
	}
	total, sum := body.Total, counts{}
	for _, of := range body.Series { // of one key each, or of none
		sum = counts{sum.Requests + of.Requests, sum.Units + of.Units}
	}
	if sum != total || total.Units != u.cost*total.Requests {
		return 0, fmt.Errorf("usage: got %s: want %d units for each request, and the sum over the keys in total", got.Body, u.cost)
	}
	return total.Requests, nil
}

// sums are the totals of the users' three counts. sent does not count refused calls.
type sums struct{ seen, counted, sent int64 }

func (s sums) String() string {
	return fmt.Sprintf("%d seen, %d counted, %d sent", s.seen, s.counted, s.sent)
}

// checkCounts adds up the users' counts and fails unless seen ≤ counted ≤ sent for each.
func checkCounts(t *testing.T, base string, users []*user) sums {
	t.Helper()
	var all sums
	for _, u := range users {
		one := sums{seen: u.seen.Load(), sent: u.sent.Load() - u.refused.Load()}
		var err error
		if one.counted, err = u.counted(base); err != nil {
			t.Fatal(err)
		}
		if one.counted < one.seen || one.counted > one.sent {
			t.Errorf("%s: %v, want seen ≤ counted ≤ sent", u.Username, one)
		}
		all.seen, all.counted, all.sent = all.seen+one.seen, all.counted+one.counted, all.sent+one.sent
	}
	return all
}

// awaitDelivery waits until all counts of killed gateways have been delivered. Then it stops the running gateways, which
// deliver theirs.
func awaitDelivery(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	testbed.Eventually(t, "the killed gateways' counts to be delivered", func() error {
		if left := folders(t, c); len(left) > len(c.Gateways) {
			return fmt.Errorf("%d gateways have %d folders", len(c.Gateways), len(left))
		}
		return nil
	})
	for _, gateway := range c.Gateways {
		if err := gateway.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if left := folders(t, c); len(left) > 0 {
		t.Errorf("stopped gateways have left %s", strings.Join(left, ", "))
	}
	if out, err := c.Run(t.Context(), "auth-service", "ledger", "verify"); err != nil {
		t.Errorf("ledger verify: %v\n%s", err, out)
	}
}

// exactly returns nil if all calls that were sent are counted, and no more.
func (u *user) exactly(base string) error {
	counted, err := u.counted(base)
	if sent := u.sent.Load(); err == nil && counted != sent {
		err = fmt.Errorf("%s: %d counted, %d sent", u.Username, counted, sent)
	}
	return err
}
