// Package readyz checks whether a running service is ready.
//
// It knows the path on a service's private listener and what its statuses mean. It does not wait: callers decide how
// often they check and when they give up.
package readyz

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// timeout bounds one call.
	timeout = 3 * time.Second
	// maxPageBytes is how much of the page an error quotes.
	maxPageBytes = 1 << 10
)

// Check returns nil if the service whose private listener has this address is ready. Otherwise the error quotes what
// the service says about itself, or why it cannot be reached.
func Check(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	// No proxy, and a connection of its own: a kept one may lead to a process that has been replaced since.
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("not reachable: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	page, _ := io.ReadAll(io.LimitReader(resp.Body, maxPageBytes)) // the status has decided already
	return fmt.Errorf("not ready: status %d: %s", resp.StatusCode, strings.TrimSpace(string(page)))
}
