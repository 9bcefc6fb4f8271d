package meter_test

import (
	"fmt"
	"slices"
	"testing"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/internalapi"
	"tallygate/kit/internalapi/internalapitest"
)

// TestBatchesAreAsDescribed delivers through the real client to a fake of auth-service, which fails the test at any
// request that is not as described.
func TestBatchesAreAsDescribed(t *testing.T) {
	t.Parallel()
	const secret = "b1946ac92492d2347c6235b4d2611184aa0d8f7e"
	auth, url := internalapitest.Start(t, secret)
	bearer, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	client := authclient.New(url, bearer)
	t.Cleanup(client.Close)
	m := open(t, t.TempDir(), client)
	root := m.Route("root")
	m.Begin(noon, 7, 0, root, 1).End(200, 10, 90)
	m.Begin(noon, 7, 0, root, 1).End(404, 0, 5)
	m.Begin(noon, 7, 0, root, 1).End(404, 0, 5)
	m.Begin(noon, 7, 0, root, 1).End(502, 1, 0)
	for range 5 {
		m.RateLimited(noon, 7, 0, root)
	}
	m.RateLimited(noon, 8, 0, m.Route(`a "strange" name`))
	m.Begin(noon, 8, 1<<63-1, root, 5).End(200, 0, 1)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	batches := auth.Batches()
	if len(batches) != 1 || batches[0]["gateway"] != m.Instance() || fmt.Sprint(batches[0]["sequence"]) != "1" {
		t.Fatalf("got %v", batches)
	}
	rows, _ := batches[0]["rows"].([]any)
	want := "[map[bytes_in:11 bytes_out:100 client_errors:2 hour:2026-11-24T12:00:00Z rate_limited:5 requests:4 " +
		"route:root server_errors:1 user_id:7] " +
		"map[bytes_in:0 bytes_out:0 client_errors:0 hour:2026-11-24T12:00:00Z rate_limited:1 requests:0 " +
		"route:a ?strange? name server_errors:0 user_id:8] " +
		"map[bytes_in:0 bytes_out:1 client_errors:0 hour:2026-11-24T12:00:00Z key_id:9223372036854775807 rate_limited:0 requests:1 " +
		"route:root server_errors:0 units:5 user_id:8]]"
	if got := fmt.Sprint(rows); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := auth.Ended(); !slices.Equal(got, []string{m.Instance()}) {
		t.Errorf("leases given back of %v, want %s", got, m.Instance())
	}
}
