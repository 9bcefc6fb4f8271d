package authclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"tallygate/kit/internalapi"
	"tallygate/kit/problem/catalog"
)

// Errors of all calls. ErrUnavailable stands for everything that is worth another try.
var (
	ErrUnavailable = errors.New("auth-service cannot be reached")
	// ErrSlow is an ErrUnavailable: auth-service took the request, and has not responded in time or is too busy. So it is
	// there, and so is its database.
	ErrSlow = fmt.Errorf("%w: it does not respond in time", ErrUnavailable)
	// ErrNoCall is an ErrSlow: auth-service does not know the call, because it is of an older version, or a proxy has responded.
	ErrNoCall = fmt.Errorf("%w: it does not know the call", ErrSlow)
	// ErrCursorGone: the feed no longer knows the cursor. A new one begins at the feed's end.
	ErrCursorGone = errors.New("the feed no longer knows the cursor")
)

// RefusedError is a final refusal: the same request would be refused again.
type RefusedError struct {
	Status int
	Body   string // its beginning, for the log
}

// Error is the status and the beginning of the body.
func (r *RefusedError) Error() string {
	return fmt.Sprintf("refused with status %d: %s", r.Status, r.Body)
}

const (
	dialTimeout = 2 * time.Second
	idleTimeout = 60 * time.Second
	// maxIdle is more than the requests that are usually under way, so that connections are used again.
	maxIdle = 64
	// maxResponseBytes bounds a response. A page of the feed with 1,000 users and many ended sessions is far smaller.
	maxResponseBytes = 64 << 20
	maxRefusalBytes  = 300 // of a refusal's body, for the log
)

// Client calls auth-service. Safe for concurrent use. Several replicas may stand behind one name.
type Client struct {
	base   string
	bearer *internalapi.Bearer
	http   *http.Client
}

// New returns a client of the private listener at baseURL, "http://127.0.0.1:9001" say.
func New(baseURL string, bearer *internalapi.Bearer) *Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &Client{
		base: strings.TrimSuffix(baseURL, "/"), bearer: bearer,
		http: &http.Client{
			Transport: &http.Transport{ // without Proxy: requests never leave the private network
				DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: idleTimeout,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call sends body, unless it is nil, and reads the response into result, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, body []byte, result any) error {
	err := c.send(ctx, method, path, body, result)
	if errors.Is(err, context.DeadlineExceeded) {
		// The replica may hang, and other connections may lead to it too. The next request opens a new one.
		c.http.CloseIdleConnections()
	}
	return err
}

func (c *Client) send(ctx context.Context, method, path string, body []byte, result any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", c.bearer.Header())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if path == keysPath || strings.HasPrefix(path, gatewaysPath) {
		// net/http sends the request again, as it does a GET, if a replica that was killed has left a dead connection: a question changes
		// nothing, and a report is the same twice. An empty list is not sent.
		req.Header["Idempotency-Key"] = []string{}
	}
	var connected atomic.Bool
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(ctx, &trace)))
	if err != nil {
		if connected.Load() && errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", ErrSlow, err)
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	bounded := io.LimitReader(resp.Body, maxResponseBytes)
	if err := classify(resp.StatusCode, bounded); err != nil {
		return err
	}
	if result == nil {
		_, err = io.Copy(io.Discard, bounded)
	} else {
		err = json.NewDecoder(bounded).Decode(result)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: response to %s %s: %w", ErrSlow, method, path, err)
	}
	if err != nil {
		return fmt.Errorf("%w: response to %s %s: %w", ErrUnavailable, method, path, err)
	}
	return nil
}

// classify returns nil for a success, and else an error that is final or worth another try. A refused credential is worth
// another try, because INTERNAL_SECRET may be in the middle of its rotation.
func classify(status int, body io.Reader) error {
	switch {
	case status < http.StatusMultipleChoices:
		return nil
	case status == http.StatusGone:
		return ErrCursorGone
	}
	refusal, _ := io.ReadAll(io.LimitReader(body, maxRefusalBytes)) // as much of it as came
	if status == http.StatusNotFound && catalog.Says(refusal, noKey) {
		return ErrNoKey
	}
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if !catalog.Says(refusal, busy) { // a proxy without a replica, or a replica without a database
			return fmt.Errorf("%w: status %d: %s", ErrUnavailable, status, refusal)
		}
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
	case http.StatusNotFound:
		return fmt.Errorf("%w: status %d: %s", ErrNoCall, status, refusal)
	default:
		if status < http.StatusInternalServerError {
			return &RefusedError{Status: status, Body: string(refusal)}
		}
	}
	return fmt.Errorf("%w: status %d: %s", ErrSlow, status, refusal)
}

// busy is the name of the problem that a busy auth-service responds with.
const busy = "busy"
