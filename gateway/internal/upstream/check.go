package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// The active check: a replica that hangs is found within checkEvery + 2 × checkTimeout + recheckAfter, under three
// seconds.
const (
	checkEvery   = time.Second
	checkTimeout = 800 * time.Millisecond
	recheckAfter = 100 * time.Millisecond
)

// errNotReady is an answer to the health check that is not 2xx.
var errNotReady = errors.New("not ready")

// newChecker returns the client that asks for one set's health.
func newChecker() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil},
		// A health check's answer is the answer: a redirect is none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// follow checks the replica until ctx ends, or it is retired and nothing waits for it any more. Each replica has a
// follower of its own: one that hangs holds up nobody else's check.
func (t *target) follow(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for t.wanted() {
		t.check(ctx)
		t.prune()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// check gives a verdict after one good answer, or two bad ones.
func (t *target) check(ctx context.Context) {
	err := t.ask(ctx)
	if err != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(recheckAfter):
		}
		err = t.ask(ctx)
	}
	if ctx.Err() == nil {
		t.judge(err)
	}
}

func (t *target) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	path := t.set.cfg.Health
	if path == "" {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", t.addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.addr+path, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Header.Set("User-Agent", "tallygate-health")
	resp, err := t.set.checker.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%w: %s", errNotReady, resp.Status)
	}
	return nil
}
