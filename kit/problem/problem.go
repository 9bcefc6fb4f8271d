// Package problem makes the responses that clients get when something goes wrong: problem details (RFC 9457) with the
// extra member message, and the one body that every refused token gets.
//
// It refuses to know why: services translate their own errors into problems in one table each.
package problem

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"tallygate/kit/problem/catalog"
)

// ContentType is the media type of every error but the 401 about a token.
const ContentType = "application/problem+json"

// Details is one problem. It is an error, so that handlers can return it. Its methods never change it, so one may be
// shared.
type Details struct {
	Status int
	Slug   string      // kebab-case, stable: clients may switch on type
	Detail string      // one sentence for people, without anything internal
	Header http.Header // for the response; read only

	token bool // the fixed body about tokens
}

// New returns a problem.
func New(status int, slug, detail string) *Details {
	return &Details{Status: status, Slug: slug, Detail: detail}
}

// Error is the slug and the sentence.
func (d *Details) Error() string { return d.Slug + ": " + d.Detail }

// With returns a copy that sets a header field of the response.
func (d *Details) With(name, value string) *Details {
	next := *d
	next.Header = http.Header{}
	maps.Copy(next.Header, d.Header) // values are replaced as a whole, so the copy may share them
	next.Header.Set(name, value)
	return &next
}

// RetryAfter returns a copy that says when to come back, as Seconds (RFC 9110 section 10.2.3).
func (d *Details) RetryAfter(wait time.Duration) *Details {
	return d.With("Retry-After", strconv.FormatInt(Seconds(wait), 10))
}

// Seconds rounds up to whole seconds, at least 1: a client that waits so long does not come back too early.
func Seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }

// ContentType is the media type of Body.
func (d *Details) ContentType() string {
	if d.token {
		return "application/json"
	}
	return ContentType
}

// Body is the JSON text of the response. Equal problems have equal bytes.
func (d *Details) Body() []byte {
	if d.token {
		return []byte(tokenBody)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// Encoding strings and an int cannot fail.
	_ = enc.Encode(struct {
		Type    string `json:"type"`
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Message string `json:"message"`
	}{catalog.Type(d.Slug), http.StatusText(d.Status), d.Status, d.Detail, d.Detail})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Write sends the problem. Nothing may have been written before.
func (d *Details) Write(w http.ResponseWriter) {
	h := w.Header()
	maps.Copy(h, d.Header)
	body := d.Body()
	h.Set("Content-Type", d.ContentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(d.Status)
	_, _ = w.Write(body) // an error means that the client is gone
}
