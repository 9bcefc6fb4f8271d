package authclient_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
)

// The replica at the end of a kept connection is killed while it has the request.
func TestWhatChangesNothingTwiceIsSentAgainOverAnotherConnection(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(context.Context, *authclient.Client) error{
		"a question about a key": func(ctx context.Context, c *authclient.Client) error {
			_, err := c.Key(ctx, apikey.Hash("a key"))
			return err
		},
		"a report": func(ctx context.Context, c *authclient.Client) error { return c.Report(ctx, "g", []byte("{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if len(r.Header.Values("Idempotency-Key")) > 0 {
					t.Error("the request has a field that nobody asked for")
				}
				if requests.Add(1) == 2 {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"user":{},"key_id":"1","token":""}`))
			})
			for i := range 3 {
				if err := send(t.Context(), client); err != nil {
					t.Errorf("request %d: %v", i+1, err)
				}
			}
			if got := requests.Load(); got != 4 {
				t.Errorf("%d requests, want 4", got)
			}
		})
	}
}
