package system_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/internalapi"
)

// TestConsoleTwoGatewaysOfOneHost: the one that ended did not become the other. What a report that is cut leaves out counts neither as
// healthy nor as lost.
func TestConsoleTwoGatewaysOfOneHost(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/system")
	enter(page, t, "root", "correct horse", "#sign-in")
	testbed.Eventually(t, "the gateway", func() error { return shows(page, "#gateways tbody", "up") })
	r.reportOnce(t)
	testbed.Eventually(t, "the replica", func() error { return shows(page, "#upstreams tbody", "1 not healthy10.0.0.4:80 is unhealthy") })
	if got := evaluate[string](page, t, `document.getElementById("system").textContent`); strings.Contains(got, "no healthy replica") {
		t.Errorf("the page says %s", got)
	}
	testbed.Eventually(t, "that it reports no more", func() error { return shows(page, "#gateways tbody", "not seen, last report") })
}

// reportOnce is a second gateway on this host, which reports and ends.
func (r *runner) reportOnce(t *testing.T) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(filepath.Join(r.data, "secrets", "internal_secret"))
	if err != nil {
		t.Fatal(err)
	}
	bearer, err := internalapi.NewBearer(strings.TrimSpace(string(secret)))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"name":%q,"version":"1.4.0","started_at":%q,"truncated":true,"tls":[],"upstreams":[{"route":"search","replicas":[
		{"address":"10.0.0.4:80","state":"unhealthy","reason":{"code":"connection-refused","message":"The connection was refused."}}]}]}`,
		host, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.ports["AUTH_PRIVATE_URL"]+"/internal/gateways/second", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", bearer.Header())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("got %s", resp.Status)
	}
}
