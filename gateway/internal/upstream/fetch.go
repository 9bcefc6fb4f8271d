package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// ErrNoReplica means that no name of the upstream has an address.
var ErrNoReplica = errors.New("the upstream has no address")

// Fetch sends a request of the gateway's own to a replica that is available, by the upstream's connections and TLS. It is no
// user's call: neither limits nor retries nor ejections know of it. host is the Host field; empty for the replica's name. A redirect
// is not followed. The caller closes the response's body; ctx bounds how long all takes.
func (u *Upstream) Fetch(ctx context.Context, path, host string, header http.Header) (*http.Response, error) {
	r := u.Pick(nil)
	if r == nil {
		return nil, ErrNoReplica
	}
	// The URL is http: also by TLS, for what connectToCheck returns speaks TLS already.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.host+path, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	if req.Header = header; host != "" {
		req.Host = host
	}
	return r.checker.Do(req)
}
