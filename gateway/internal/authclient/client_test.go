package authclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/internalapi"
)

const (
	secret = "b1946ac92492d2347c6235b4d2611184aa0d8f7e"
	next   = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
)

// serve starts a private listener that responds with handle, and a client of it.
func serve(t *testing.T, handle http.HandlerFunc) (*authclient.Client, *internalapi.Bearer) {
	t.Helper()
	bearer, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	client := authclient.New(server.URL+"/", bearer)
	t.Cleanup(client.Close)
	return client, bearer
}

// respond checks the request and responds.
func respond(t *testing.T, want string, status int, body string) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if got := strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(sent)); got != want {
			t.Errorf("got request\n%s, want\n%s", got, want)
		}
		if hasBody := len(sent) > 0; hasBody != (r.Header.Get("Content-Type") == "application/json") {
			t.Errorf("Content-Type %q for %d bytes", r.Header.Get("Content-Type"), len(sent))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that left would fail the test anyway
	}
}

func TestARecordIsReadAsAuthServiceWritesIt(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, respond(t, "GET /internal/users/7", 200, `{"user_id":7,"exists":true,"disabled":false,"generation":3,
		"role":"admin","version":41,"ended_sessions":[{"id":"s","until":"2026-11-24T03:00:00Z"}],"monthly_quota":9,"later":1}`))
	r, err := client.Record(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if r.UserID != 7 || !r.Exists || r.Generation != 3 || r.Role != "admin" || r.Version != 41 || *r.MonthlyQuota != 9 ||
		len(r.EndedSessions) != 1 || r.EndedSessions[0].ID != "s" {
		t.Errorf("got %+v", r)
	}
}

func TestTheFeedIsFollowedByItsCursor(t *testing.T) {
	t.Parallel()
	begin, _ := serve(t, respond(t, "GET /internal/changes", 200, `{"cursor":"128","users":[]}`))
	if cursor, err := begin.Cursor(t.Context()); err != nil || cursor != "128" {
		t.Error(cursor, err)
	}
	follow, _ := serve(t, respond(t, "GET /internal/changes?after=128&wait=5s", 200,
		`{"cursor":"130","users":[{"user_id":7,"exists":false,"version":130}]}`))
	page, err := follow.Changes(t.Context(), "128", 5*time.Second)
	if err != nil || page.Cursor != "130" || len(page.Users) != 1 || page.Users[0].Exists {
		t.Error(page, err)
	}
	gone, _ := serve(t, respond(t, "GET /internal/changes?after=1&wait=0s", 410, `{}`))
	if _, err := gone.Changes(t.Context(), "1", 0); !errors.Is(err, authclient.ErrCursorGone) {
		t.Errorf("got %v", err)
	}
}

func TestALeaseIsRequestedAndReadAsTheLedgerWritesIt(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, respond(t,
		`POST /internal/quota/leases {"gateway":"g","user_id":7,"month":"2026-11","request":3,"want":100}`, 200,
		`{"granted":20,"limit":1000,"remaining":420,"reserved_elsewhere":7,"resets_at":"2026-12-01T00:00:00Z","use_within":"30s"}`))
	lease, err := client.Lease(t.Context(), authclient.LeaseRequest{Gateway: "g", UserID: 7, Month: "2026-11", Request: 3, Want: 100})
	if err != nil || lease.Granted != 20 || *lease.Limit != 1000 || time.Duration(lease.UseWithin) != 30*time.Second || lease.ReservedElsewhere != 7 {
		t.Error(lease, err)
	}
	back, _ := serve(t, respond(t,
		`POST /internal/quota/leases {"gateway":"g","user_id":7,"month":"2026-11","request":4,"want":8,"returned":5}`, 200, `{"granted":0}`))
	if _, err := back.Lease(t.Context(), authclient.LeaseRequest{Gateway: "g", UserID: 7, Month: "2026-11", Request: 4, Want: 8, Returned: 5}); err != nil {
		t.Error(err)
	}
	lifted, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"granted":100,"limit":null,"remaining":null,"resets_at":null,"use_within":"30s"}`)
	})
	if lease, err := lifted.Lease(t.Context(), authclient.LeaseRequest{}); err != nil || lease.Limit != nil || lease.Granted != 100 {
		t.Error(lease, err)
	}
}

func TestUsageAndReleaseNameTheirGateway(t *testing.T) {
	t.Parallel()
	usage, _ := serve(t, respond(t, `POST /internal/usage {"gateway":"g"}`, 204, ""))
	if err := usage.Usage(t.Context(), []byte(`{"gateway":"g"}`)); err != nil {
		t.Error(err)
	}
	release, _ := serve(t, respond(t, "DELETE /internal/quota/leases/g%2Fh", 204, ""))
	if err := release.Release(t.Context(), "g/h"); err != nil {
		t.Error(err)
	}
}

func TestOnlyAFinalStatusIsARefusal(t *testing.T) {
	t.Parallel()
	for status, refused := range map[int]bool{
		302: true, 400: true, 409: true, 413: true, 422: true,
		401: false, 404: false, 408: false, 429: false, 500: false, 502: false, 503: false,
	} {
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.Repeat("because ", 1000))
		})
		err := client.Usage(t.Context(), []byte("{}"))
		refusal, isRefusal := errors.AsType[*authclient.RefusedError](err)
		if isRefusal != refused || errors.Is(err, authclient.ErrUnavailable) == refused {
			t.Errorf("%d: got %v", status, err)
		}
		if refused && (refusal.Status != status || len(refusal.Body) > 300) {
			t.Errorf("%d: got %d with %d bytes", status, refusal.Status, len(refusal.Body))
		}
	}
}

func TestNoResponseAndAMalformedOneAreUnavailable(t *testing.T) {
	t.Parallel()
	silent, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := silent.Record(ctx, 7); !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("silence: got %v", err)
	}
	nonsense, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"user_id":7,`) })
	if _, err := nonsense.Record(t.Context(), 7); !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("nonsense: got %v", err)
	}
	server := httptest.NewServer(nil)
	server.Close()
	bearer, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authclient.New(server.URL, bearer).Cursor(t.Context()); !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("nobody: got %v", err)
	}
}

func TestTheCredentialIsTheOneInForce(t *testing.T) {
	t.Parallel()
	var want *internalapi.Bearer
	client, bearer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !want.Check(r.Header.Get("Authorization")) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	for _, now := range []string{secret, next} {
		var err error
		if want, err = internalapi.NewBearer(now); err != nil {
			t.Fatal(err)
		}
		if err := bearer.Replace(now); err != nil {
			t.Fatal(err)
		}
		if err := client.Usage(t.Context(), []byte("{}")); err != nil {
			t.Error(err)
		}
	}
}

func TestAReplicaThatHangsGetsNoRequestOnItsOtherConnections(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	replica, hangs := map[string]bool{}, false // the connections that lead to the replica that hangs
	var both sync.WaitGroup
	both.Add(2)
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if !hangs {
			replica[r.RemoteAddr] = true
		}
		hung := hangs && replica[r.RemoteAddr]
		mu.Unlock()
		if hung {
			<-r.Context().Done()
			return
		}
		if r.URL.Path == "/internal/users/1" { // two at once, so that two connections stay
			both.Done()
			both.Wait()
		}
		_, _ = io.WriteString(w, `{"cursor":"1"}`)
	})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := client.Record(t.Context(), 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	hangs = true
	mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Cursor(ctx); !errors.Is(err, authclient.ErrUnavailable) {
		t.Fatalf("got %v from the replica that hangs", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := client.Cursor(ctx); err != nil {
		t.Errorf("the next request: %v", err)
	}
}
