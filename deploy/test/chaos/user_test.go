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
	cost  int64  // of a call, in units
	ways  []*way // to call
}

// way is a sign-in or an API key, and a count of the calls with it.
type way struct {
	keyID  string // empty for a sign-in: usage does not tell them apart
	secret string

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
		u.ways = []*way{{secret: u.token}}
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

// withKeys gives users another sign-in and API keys to call with.
func withKeys(t *testing.T, base string, users []*user) {
	t.Helper()
	client := contract.NewClient(base)
	for _, u := range users {
		u.ways = append(u.ways, &way{secret: client.Token(t, u.Credentials)})
		for i := range keysOfAUser {
			key, err := client.NewKey(u.token, map[string]any{"name": fmt.Sprint("key ", i)})
			if err != nil {
				t.Fatal(err)
			}
			u.ways = append(u.ways, &way{keyID: key.ID, secret: key.Secret})
		}
	}
}

// counted looks up the user's calls of these days, as the user does, by API key. It is an error if they have not cost what they
// should, or if the sum over the API keys is not the total.
func (u *user) counted(base string) (byKey map[string]int64, err error) {
	day := func(offset int) string { return time.Now().UTC().AddDate(0, 0, offset).Format(time.DateOnly) }
	query := url.Values{"from": {day(-1)}, "to": {day(2)}, "route": {"root"}, "group": {"key"}}
	type counts struct{ Requests, Units int64 }
	var body struct {
		Total  counts
		Series []struct {
			counts

			KeyID string `json:"key_id"` // empty for null: a sign-in
		}
	}
	if err := contract.NewClient(base).Call(u.token, http.MethodGet, "/users/me/usage?"+query.Encode(), nil, &body, http.StatusOK); err != nil {
		return nil, err
	}
	byKey, sum := map[string]int64{}, counts{}
	for _, of := range body.Series {
		sum = counts{sum.Requests + of.Requests, sum.Units + of.Units}
		byKey[of.KeyID] += of.Requests
		if of.Units != u.cost*of.Requests {
			return nil, fmt.Errorf("usage: got %+v: want %d units for each request", of, u.cost)
		}
	}
	if sum != body.Total {
		return nil, fmt.Errorf("usage: got %+v: the sum over the keys is %+v", body, sum)
	}
	return byKey, nil
}

// calls is how many calls of the user are counted.
func (u *user) calls(base string) (n int64, err error) {
	byKey, err := u.counted(base)
	for _, of := range byKey {
		n += of
	}
	return n, err
}

// sums are the totals of the users' three counts. sent does not count refused calls.
type sums struct{ seen, counted, sent int64 }

func (s sums) String() string {
	return fmt.Sprintf("%d seen, %d counted, %d sent", s.seen, s.counted, s.sent)
}

func (s sums) plus(o sums) sums {
	return sums{s.seen + o.seen, s.counted + o.counted, s.sent + o.sent}
}

// byKey are the user's own counts by API key. sent does not count refused calls.
func (u *user) byKey() map[string]sums {
	all := map[string]sums{}
	for _, by := range u.ways {
		all[by.keyID] = all[by.keyID].plus(sums{seen: by.seen.Load(), sent: by.sent.Load() - by.refused.Load()})
	}
	return all
}

// all is the sum of byKey.
func (u *user) all() (total sums) {
	for _, of := range u.byKey() {
		total = total.plus(of)
	}
	return total
}

// checkCounts adds up the users' counts and fails unless seen ≤ counted ≤ sent for each user and API key.
func checkCounts(t *testing.T, base string, users []*user) (all sums) {
	t.Helper()
	for _, u := range users {
		counted, err := u.counted(base)
		if err != nil {
			t.Fatal(err)
		}
		own := u.byKey()
		for key, n := range counted { // also one that the user has never called with
			of := own[key]
			of.counted = n
			own[key] = of
		}
		for key, of := range own {
			if of.counted < of.seen || of.counted > of.sent {
				t.Errorf("%s, key %q: %v, want seen ≤ counted ≤ sent", u.Username, key, of)
			}
			all = all.plus(of)
		}
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

// exactly returns nil if all calls that were sent are counted, and no more, for each API key.
func (u *user) exactly(base string) error {
	counted, err := u.counted(base)
	if err != nil {
		return err
	}
	for key, of := range u.byKey() {
		if counted[key] != of.sent {
			return fmt.Errorf("%s, key %q: %d counted, %d sent", u.Username, key, counted[key], of.sent)
		}
	}
	return nil
}
