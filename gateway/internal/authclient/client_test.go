package authclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
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

// The description's names of gateways need no escaping. One that does must not become another path all the same.
func TestNamesInPathsAreEscaped(t *testing.T) {
	t.Parallel()
	var got []string
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.RequestURI())
		w.WriteHeader(http.StatusNoContent)
	})
	if err := errors.Join(client.Release(t.Context(), "g/h"), client.Report(t.Context(), "g/h", []byte("{}"))); err != nil {
		t.Error(err)
	}
	if want := []string{"DELETE /internal/quota/leases/g%2Fh", "PUT /internal/gateways/g%2Fh"}; !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
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
		if errors.Is(err, authclient.ErrNoCall) != (status == http.StatusNotFound) {
			t.Errorf("%d: got %v", status, err)
		}
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
	if _, err := silent.Record(ctx, authclient.Question{UserID: 7}); !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("silence: got %v", err)
	}
	nonsense, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"user_id":7,`) })
	if _, err := nonsense.Record(t.Context(), authclient.Question{UserID: 7}); !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("nonsense: got %v", err)
	}
	server := httptest.NewServer(nil)
	server.Close()
	bearer, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authclient.New(server.URL, bearer).Start(t.Context()); !errors.Is(err, authclient.ErrUnavailable) {
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
			if _, err := client.Record(t.Context(), authclient.Question{UserID: 1}); err != nil {
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
	if _, err := client.Start(ctx); !errors.Is(err, authclient.ErrUnavailable) {
		t.Fatalf("got %v from the replica that hangs", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := client.Start(ctx); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

func TestASlowAuthServiceIsToldFromAnAbsentOne(t *testing.T) {
	t.Parallel()
	silent, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := silent.Start(ctx); !errors.Is(err, authclient.ErrSlow) {
		t.Errorf("no response: got %v, want ErrSlow", err)
	}
	for _, row := range []struct {
		status int
		slug   string
		slow   bool
	}{
		{503, "/problems/busy", true},
		{503, "urn:tallygate:problem:busy", true}, // an earlier version
		{429, "/problems/too-many-at-once", true},
		{500, "/problems/internal", true},
		{503, "/problems/unavailable", false}, // its database is away
		{502, "", false},                      // a proxy has no replica
	} {
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(row.status)
			fmt.Fprintf(w, `{"type":"%s","status":%d}`, row.slug, row.status)
		})
		_, err := client.Start(t.Context())
		if !errors.Is(err, authclient.ErrUnavailable) || errors.Is(err, authclient.ErrSlow) != row.slow {
			t.Errorf("%d %s: got %v", row.status, row.slug, err)
		}
	}
	cut, _ := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := cut.Start(t.Context()); errors.Is(err, authclient.ErrSlow) || !errors.Is(err, authclient.ErrUnavailable) {
		t.Errorf("a connection that is closed: got %v", err)
	}
}
