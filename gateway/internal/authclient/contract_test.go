package authclient_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/internalapi"
	"tallygate/kit/internalapi/internalapitest"
)

// newPair is a client and a fake of auth-service, which fails the test at any request that is not as described.
func newPair(t *testing.T) (*authclient.Client, *internalapitest.AuthService) {
	t.Helper()
	auth, url := internalapitest.Start(t, secret)
	bearer, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	client := authclient.New(url, bearer)
	t.Cleanup(client.Close)
	return client, auth
}

// eachVersion runs a test against an auth-service of this version and one of the next, whose objects have more members.
func eachVersion(t *testing.T, test func(*testing.T, *authclient.Client, *internalapitest.AuthService)) {
	t.Helper()
	t.Run("this version", func(t *testing.T) {
		t.Parallel()
		client, auth := newPair(t)
		test(t, client, auth)
	})
	t.Run("the next version", func(t *testing.T) {
		t.Parallel()
		client, auth := newPair(t)
		auth.BecomeNewer()
		test(t, client, auth)
	})
}

func TestEachMemberOfARecordIsRead(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, client *authclient.Client, auth *internalapitest.AuthService) {
		t.Helper()
		until := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
		auth.SetPlan("pro", internalapitest.Members{
			"requests_per_month": 5, "requests_per_day": 4, "in_flight": 3,
			"rates": []any{internalapitest.Members{"route": "*", "rate": "10/s", "burst": 20}},
		})
		auth.SetUser(7, internalapitest.Members{
			"disabled": true, "generation": 3, "role": "admin", "monthly_quota": 9, "own_quota": 8, "plan": "pro", "roles": []any{"ops"},
			"ended_sessions": []any{internalapitest.Members{"id": "s", "until": until}},
		})
		want := authclient.Record{
			UserID: 7, Exists: true, Disabled: true, Generation: 3, Role: "admin", Version: 2, MonthlyQuota: new(int64(9)),
			OwnQuota: new(int64(8)), Plan: "pro", Roles: []string{"ops"}, SessionKnown: new(true),
			PlanLimits: &authclient.Plan{
				Name: "pro", Version: 1, PerMonth: new(int64(5)), PerDay: new(int64(4)), InFlight: new(int64(3)),
				Rates: []authclient.PlanRate{{Route: "*", Rate: "10/s", Burst: 20}},
			},
			EndedSessions: []authclient.EndedSession{{ID: "s", Until: until}}, Keys: []authclient.Key{},
		}
		if got, err := client.Record(t.Context(), authclient.Question{UserID: 7}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		nobody := authclient.Record{
			UserID: 8, EndedSessions: []authclient.EndedSession{}, Keys: []authclient.Key{}, Plan: "default", Roles: []string{},
			PlanLimits: &authclient.Plan{Name: "default", Rates: []authclient.PlanRate{}},
		}
		if got, err := client.Record(t.Context(), authclient.Question{UserID: 8}); err != nil || !reflect.DeepEqual(got, nobody) {
			t.Errorf("a user who does not exist: got %+v, %v, want %+v", got, err, nobody)
		}
	})
}

func TestTheFeedIsFollowedByItsCursor(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, client *authclient.Client, auth *internalapitest.AuthService) {
		t.Helper()
		first, err := client.Start(t.Context())
		start := first.Cursor
		if err != nil || start == "" || len(first.Users) != 0 || first.Epoch == "" || len(first.Plans) != 1 {
			t.Fatalf("got %+v, %v", first, err)
		}
		if page, err := client.Changes(t.Context(), start, time.Millisecond); err != nil || page.Cursor != start || len(page.Users) != 0 {
			t.Errorf("nothing has changed: got %+v, %v", page, err)
		}
		auth.SetUser(7, internalapitest.Members{"exists": false})
		page, err := client.Changes(t.Context(), start, 5*time.Second)
		if err != nil || page.Cursor == start || len(page.Users) != 1 || page.Users[0].UserID != 7 || page.Users[0].Exists {
			t.Errorf("got %+v, %v", page, err)
		}
		auth.DeletePlan("pro")
		page, err = client.Changes(t.Context(), page.Cursor, 5*time.Second)
		if err != nil || len(page.Plans) != 1 || !reflect.DeepEqual(page.Plans[0], authclient.Plan{Name: "pro", Version: 2, Deleted: true}) {
			t.Errorf("got %+v, %v", page, err)
		}
		auth.ForgetChanges()
		if _, err := client.Changes(t.Context(), start, 0); !errors.Is(err, authclient.ErrCursorGone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAReportArrivesAsItIs(t *testing.T) {
	t.Parallel()
	client, auth := newPair(t)
	const body = `{"name":"gw-1","version":"1","started_at":"2026-11-28T12:00:00Z","streams":3}`
	if err := client.Report(t.Context(), "g-1", []byte(body)); err != nil {
		t.Fatal(err)
	}
	if got, want := auth.Report("g-1"), internalapitest.ReadMembers([]byte(body)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEachMemberOfALeaseIsRead(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, client *authclient.Client, auth *internalapitest.AuthService) {
		t.Helper()
		auth.Lease(func(request internalapitest.Members) internalapitest.Members {
			return internalapitest.Members{"granted": request["want"], "limit": 1000, "remaining": 420, "reserved_elsewhere": 7}
		})
		request := authclient.LeaseRequest{Gateway: "g", UserID: 7, Month: "2026-11", Request: 3, Want: 20, Returned: 5}
		want := authclient.Lease{
			Granted: 20, Limit: new(int64(1000)), Remaining: 420, ReservedElsewhere: 7,
			ResetsAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), UseWithin: authclient.Duration(30 * time.Second),
		}
		if got, err := client.Lease(t.Context(), request); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		auth.Lease(func(internalapitest.Members) internalapitest.Members {
			return internalapitest.Members{"granted": 100, "limit": nil, "remaining": nil}
		})
		request.Returned = 0
		if got, err := client.Lease(t.Context(), request); err != nil || got.Limit != nil || got.Granted != 100 {
			t.Errorf("a lifted quota: got %+v, %v", got, err)
		}
	})
}

// What a lease asks for arrives under the described names: the fake refuses others, and this compares the values.
func TestEachMemberOfALeaseRequestIsSent(t *testing.T) {
	t.Parallel()
	client, auth := newPair(t)
	got := make(chan internalapitest.Members, 1)
	auth.Lease(func(request internalapitest.Members) internalapitest.Members {
		got <- request
		return nil
	})
	request := authclient.LeaseRequest{Gateway: "g", UserID: 7, Month: "2026-11", Request: 4, Want: 8, Returned: 5}
	if _, err := client.Lease(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	want := internalapitest.ReadMembers([]byte(`{"gateway":"g","user_id":7,"month":"2026-11","request":4,"want":8,"returned":5}`))
	if got := <-got; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUsageAndReleaseSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	client, auth := newPair(t)
	const batch = `{"gateway":"g","sequence":1,"rows":[{"user_id":7,"route":"root","hour":"2026-11-24T02:00:00Z","requests":3}]}`
	if err := client.Usage(t.Context(), []byte(batch)); err != nil {
		t.Error(err)
	}
	const inUnits = `{"gateway":"g","sequence":2,"rows":[{"user_id":7,"route":"root","hour":"2026-11-24T02:00:00Z",` +
		`"key_id":"9223372036854775807","units":15,"requests":3}]}`
	if err := client.UsageInUnits(t.Context(), []byte(inUnits)); err != nil {
		t.Error(err)
	}
	got := auth.Batches()
	if len(got) != 2 || !reflect.DeepEqual(got[0], internalapitest.ReadMembers([]byte(batch))) ||
		!reflect.DeepEqual(got[1], internalapitest.ReadMembers([]byte(inUnits))) {
		t.Errorf("got %v", got)
	}
	if err := client.Release(t.Context(), "g.h-1_2"); err != nil {
		t.Error(err)
	}
	if got := auth.Ended(); !reflect.DeepEqual(got, []string{"g.h-1_2"}) {
		t.Errorf("got %v", got)
	}
}

// The problems that the description has are classified by their status, whatever else is in them.
func TestDescribedProblemsAreClassified(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, client *authclient.Client, auth *internalapitest.AuthService) {
		t.Helper()
		request := authclient.LeaseRequest{Gateway: "g", UserID: 7, Month: "2026-11", Request: 3, Want: 20}
		for status, refused := range map[int]bool{
			http.StatusUnauthorized: false, http.StatusServiceUnavailable: false,
			http.StatusConflict: true, http.StatusUnprocessableEntity: true,
		} {
			auth.Refuse("leaseCalls", status)
			_, err := client.Lease(t.Context(), request)
			refusal, isRefusal := errors.AsType[*authclient.RefusedError](err)
			if isRefusal != refused || refused && refusal.Status != status || errors.Is(err, authclient.ErrUnavailable) == refused {
				t.Errorf("%d: got %v", status, err)
			}
		}
	})
}
