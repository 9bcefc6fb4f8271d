package upstream

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is how long a probe without an answer is waited for, over several checks. A replica with one worker, which is at work,
// would otherwise have to answer one probe for each second when it is free again, and its queue would be full of them.
const patience = 5 * time.Second

// maxHead bounds the head of a response to a request of the gateway's own, in bytes.
const maxHead = 64 << 10

// prober sends the probes of one replica's checks, one after the other.
type prober struct {
	pending chan error // of a probe that was not answered in time; nil if there is none
	cancel  context.CancelFunc
	until   time.Time // then another one is sent
}

// probe returns the result of a probe: of the one that is still pending, if there is one. If it takes longer than a probe may, it
// has failed, and goes on.
func (p *prober) probe(ctx context.Context, r *Replica) error {
	timeout := r.upstream.spec.Check.Timeout
	if p.pending == nil {
		p.until = time.Now().Add(max(patience, timeout))
		p.pending = make(chan error, 1)
		var probing context.Context
		probing, p.cancel = context.WithDeadline(ctx, p.until)
		go func(result chan<- error) { result <- r.ask(probing) }(p.pending)
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case err := <-p.pending:
		p.end()
		return err
	case <-timer.C:
		if !time.Now().Before(p.until) {
			p.end()
		}
		return fmt.Errorf("no response: %w", context.DeadlineExceeded)
	case <-ctx.Done():
		p.end()
		return ctx.Err()
	}
}

func (p *prober) end() {
	p.cancel()
	p.pending = nil
}

// responds reports whether the replica passes its check now.
func (r *Replica) responds(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, r.upstream.spec.Check.Timeout)
	defer cancel()
	return r.ask(ctx) == nil
}

// ask sends one request of the health check, or only connects if there is no path for it.
func (r *Replica) ask(ctx context.Context) error {
	spec := &r.upstream.spec
	if spec.Health == "" {
		conn, err := r.connectToCheck(ctx)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	// The URL is http: also by TLS, for what connectToCheck returns speaks TLS already.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.host+spec.Health, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Host = cmp.Or(spec.Check.Host, r.host)
	req.Header.Set("User-Agent", "tallygate-health")
	resp, err := r.checker.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !spec.Check.good(resp.StatusCode) {
		return &statusError{resp.Status}
	}
	return nil
}

// connectToCheck opens a connection for a health check; ctx bounds how long that takes.
func (r *Replica) connectToCheck(ctx context.Context) (net.Conn, error) {
	nc, _, err := r.connect(ctx, max(patience, r.upstream.spec.Check.Timeout))
	return nc, err
}

// newChecker returns the client of the replica's health checks.
func (r *Replica) newChecker() *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return r.connectToCheck(ctx) }
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!r.upstream.spec.HTTP2)
	protocols.SetUnencryptedHTTP2(r.upstream.spec.HTTP2)
	return &http.Client{
		Transport: &http.Transport{Protocols: protocols, DisableKeepAlives: true, Proxy: nil, DialContext: dial, MaxResponseHeaderBytes: maxHead},
		// A redirect is not followed: it is the response.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
