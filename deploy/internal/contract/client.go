package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// Client calls a Tallygate at Base.
type Client struct {
	Base string
	HTTP *http.Client
}

// NewClient returns a client of the Tallygate at base, an address like http://localhost:8000.
func NewClient(base string) *Client {
	return &Client{Base: base, HTTP: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 128},
	}}
}

// Response is an HTTP response whose body has been read.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request. It returns an error only if no whole response came; a response of any status is not an error.
func (c *Client) Do(method, path string, header http.Header, body []byte) (Response, error) {
	req, err := http.NewRequest(method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return Response{}, err
	}
	maps.Copy(req.Header, header)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return Response{}, err
	}
	return Response{resp.StatusCode, resp.Header, string(text)}, nil
}

// Post sends a value as JSON.
func (c *Client) Post(path string, value any) (Response, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return Response{}, err
	}
	return c.Do(http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, body)
}

// Credentials are the body of the first two calls.
type Credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Register registers a user.
func (c *Client) Register(who Credentials) (Response, error) { return c.Post("/users/register", who) }

// Root calls /root with the Authorization field given, or with none if it is empty.
func (c *Client) Root(authorization, number, n string) (Response, error) {
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	return c.Do(http.MethodGet, "/root?"+url.Values{"number": {number}, "n": {n}}.Encode(), header, nil)
}

// Token signs in and returns the token; anything but a token ends the test.
func (c *Client) Token(t testing.TB, who Credentials) string {
	t.Helper()
	got, err := c.Post("/token", who)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Token string }
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil || got.Status != http.StatusOK || body.Token == "" {
		t.Fatalf("sign in as %q: got %d %s, want a token", who.Username, got.Status, got.Body)
	}
	return body.Token
}
