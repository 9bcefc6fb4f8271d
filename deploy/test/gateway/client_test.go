package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// newClient has connections of its own, so that tests do not share them. It follows no redirects and decompresses nothing.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 2 * testbed.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch sends one GET and returns the response's body. Any status but 200 is an error.
func fetch(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return string(body), err
}

// load calls without pause until stop is called. stop returns every failure.
func load(t *testing.T, url string, callers int) (stop func() (calls int, failures []error)) {
	t.Helper()
	return loadWith(t, callers, func(client *http.Client) error {
		_, err := fetch(client, url)
		return err
	})
}

// loadWith is load with another kind of call.
func loadWith(t *testing.T, callers int, call func(*http.Client) error) (stop func() (calls int, failures []error)) {
	t.Helper()
	end := make(chan struct{})
	var all sync.WaitGroup
	var mu sync.Mutex
	var calls int
	var failures []error
	client := newClient(t)
	for range callers {
		all.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				err := call(client)
				mu.Lock()
				if calls++; err != nil {
					failures = append(failures, err)
				}
				mu.Unlock()
			}
		})
	}
	return func() (int, []error) {
		close(end)
		all.Wait()
		return calls, failures
	}
}

// serves waits until exactly these replicas respond.
func serves(t *testing.T, url string, replicas ...string) {
	t.Helper()
	client := newClient(t)
	testbed.Eventually(t, fmt.Sprintf("responses from %v", replicas), func() error {
		var seen []string
		for range 40 {
			who, err := fetch(client, url)
			if err != nil {
				return err
			}
			if !slices.Contains(seen, who) {
				seen = append(seen, who)
			}
		}
		slices.Sort(seen)
		if want := slices.Sorted(slices.Values(replicas)); !slices.Equal(seen, want) {
			return fmt.Errorf("got %v", seen)
		}
		return nil
	})
}
