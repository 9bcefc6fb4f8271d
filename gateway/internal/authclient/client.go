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
	"strings"
	"time"

	"tallygate/kit/internalapi"
)

// What can go wrong. Everything that is worth trying again is ErrUnavailable.
var (
	ErrUnavailable = errors.New("auth-service cannot be reached")
	// ErrCursorGone is the feed's answer to a cursor that it no longer knows.
	ErrCursorGone = errors.New("the feed no longer knows the cursor")
)

// RefusedError is an answer that the same question will get again.
type RefusedError struct {
	Status int
	Answer string // the beginning of the body, for the log
}

// Error is the status and what was said with it.
func (r *RefusedError) Error() string {
	return fmt.Sprintf("refused with status %d: %s", r.Status, r.Answer)
}

const (
	dialTimeout = 2 * time.Second
	idleTimeout = 60 * time.Second
	// maxIdle is more than the gateway asks at once: connections are kept, not made anew.
	maxIdle = 64
	// maxAnswerBytes bounds an answer: a feed's page of 1,000 users with many ended sessions is far below it.
	maxAnswerBytes = 64 << 20
	maxRefusal     = 300
)

// Client asks auth-service. Safe for concurrent use. Several replicas may stand behind the one name: any will do.
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
			Transport: &http.Transport{ // Proxy stays nil: the private network is never left
				DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: idleTimeout,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call sends body, unless it is nil, and reads the answer into answer, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, body []byte, answer any) error {
	err := c.ask(ctx, method, path, body, answer)
	if errors.Is(err, context.DeadlineExceeded) {
		// The replica may hang, and the other connections may lead to it too: the next question finds one anew.
		c.http.CloseIdleConnections()
	}
	return err
}

func (c *Client) ask(ctx context.Context, method, path string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", c.bearer.Header())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	limited := io.LimitReader(resp.Body, maxAnswerBytes)
	if err := judge(resp.StatusCode, limited); err != nil {
		return err
	}
	if answer == nil {
		_, err = io.Copy(io.Discard, limited)
	} else {
		err = json.NewDecoder(limited).Decode(answer)
	}
	if err != nil {
		return fmt.Errorf("%w: answer to %s %s: %w", ErrUnavailable, method, path, err)
	}
	return nil
}

// judge sorts statuses into good, worth trying again, and not. A refused credential is worth it: INTERNAL_SECRET may
// be in the middle of its rotation.
func judge(status int, body io.Reader) error {
	switch {
	case status < http.StatusMultipleChoices:
		return nil
	case status == http.StatusGone:
		return ErrCursorGone
	}
	said, _ := io.ReadAll(io.LimitReader(body, maxRefusal)) // as much of it as came
	switch status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusNotFound:
	default:
		if status < http.StatusInternalServerError {
			return &RefusedError{Status: status, Answer: string(said)}
		}
	}
	return fmt.Errorf("%w: status %d: %s", ErrUnavailable, status, said)
}
