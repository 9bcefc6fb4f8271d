package edge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/token"
)

// failing is a check that always fails. What it returns meets the same table as the errors of all other parts.
type failing struct{ err error }

func (f failing) Valid(check.Identity, time.Time) error { return f.err }

func (f failing) Check(context.Context, []string) (check.Identity, error) {
	return check.Identity{}, f.err
}

func (f failing) Key(context.Context, string, string) (check.Identity, string, error) {
	return check.Identity{}, "", f.err
}

func (f failing) Ticket(context.Context, string, func(string) bool) (check.Identity, string, error) {
	return check.Identity{}, "", f.err
}

func TestEachErrorHasItsProblem(t *testing.T) { //nolint:funlen // test vectors
	t.Parallel()
	january, february := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	const fixed = `{"message":"Token is not valid"}`
	for name, row := range map[string]struct {
		err    error
		fields string // beside those of every response
		body   string
	}{
		"no token":                {token.ErrMissing, "Www-Authenticate: Bearer\n", fixed},
		"a bad token":             {token.ErrInvalid, "Www-Authenticate: Bearer error=\"invalid_token\"\n", fixed},
		"an old token":            {token.ErrExpired, "Www-Authenticate: Bearer error=\"invalid_token\", error_description=\"expired\"\n", fixed},
		"never reached":           {check.ErrNotReady, "Retry-After: 2\n", unavailable("The gateway has not reached the sign-in service yet; try again soon.")},
		"stale":                   {check.ErrStale, "Retry-After: 2\n", unavailable("The gateway has not heard of revoked tokens for too long; try again soon.")},
		"no lookup":               {check.ErrLookup, "Retry-After: 2\n", unavailable("The gateway cannot reach the sign-in service to look you up; try again soon.")},
		"no role":                 {check.ErrRole, "", problemBody("403", "role-missing", "Forbidden", "You have none of the roles that may call this path.")},
		"too many tickets of all": {check.ErrTickets, "Retry-After: 2\n", unavailable("The gateway has taken too many tickets; try again soon.")},
		"too many tickets of one": {
			check.ErrUserTickets, "Ratelimit: \"tickets\";r=0;t=35\nRatelimit-Policy: \"tickets\";q=1000;w=35\nRetry-After: 35\n",
			problemBody("429", "too-many-tickets", "Too Many Requests", "You have used too many tickets; wait before the next one."),
		},
		"a rate": {
			&limit.RateError{Route: "files", Rate: limit.Rate{Requests: 60, Per: time.Minute}, Wait: 900 * time.Millisecond},
			"Retry-After: 1\n",
			problemBody("429", "rate-limited", "Too Many Requests", "You may call files 60 times a minute; wait before the next call."),
		},
		"a rate of its own": {
			&limit.RateError{Route: "files", Rate: limit.Rate{Requests: 3, Per: 90 * time.Second}, Wait: 30 * time.Second},
			"Retry-After: 30\n",
			problemBody("429", "rate-limited", "Too Many Requests", "You may call files 3 times in 1m30s; wait before the next call."),
		},
		"a quota": {
			&limit.QuotaError{Name: "month", Quota: 5, Begins: january, Ends: february, Wait: time.Minute - 500},
			"Retry-After: 60\n",
			problemBody("429", "quota-used-up", "Too Many Requests",
				"Your quota of 5 for this month is used up; the next month begins at 2027-02-01T00:00:00Z."),
		},
		"too little of a day": {
			&limit.QuotaError{Name: "day", Quota: 5, Left: 2, Cost: 3, Begins: january, Ends: january.AddDate(0, 0, 1), Wait: time.Hour},
			"Retry-After: 3600\n",
			problemBody("429", "quota-used-up", "Too Many Requests",
				"Your quota of 5 for this day has 2 left, less than the 3 that this call costs; the next day begins at 2027-01-02T00:00:00Z."),
		},
		"a reserved quota": {
			&limit.QuotaError{Name: "key", Quota: 5, Begins: january, Ends: february, Reserved: true, Wait: 59*time.Second + 1},
			"Retry-After: 60\n",
			problemBody("429", "quota-reserved", "Too Many Requests",
				"The last of your API key's quota of 5 for this month is reserved; what is not used comes back within 60 seconds, "+
					"and the next month begins at 2027-02-01T00:00:00Z."),
		},
		"an unchecked quota": {limit.ErrUnchecked, "Retry-After: 1\n", unavailable("The gateway cannot check your quota at the moment; try again soon.")},
		"cancelled":          {context.Canceled, "Retry-After: 1\n", unavailable("The request was cancelled.")},
		"too large":          {forward.ErrTooLarge, "", problemBody("413", "body-too-large", "Request Entity Too Large", "The request's body is larger than this path takes.")},
		"too slow":           {forward.ErrTooSlow, "", problemBody("408", "body-too-slow", "Request Timeout", "The request's body comes too slowly.")},
		"a loop":             {forward.ErrLoop, "", problemBody("400", "loop", "Bad Request", "The request has passed this gateway several times: the upstream leads back to it.")},
		"unreachable":        {forward.ErrUnreachable, "Retry-After: 1\n", unavailable("The service behind this path cannot be reached at the moment.")},
		"a shortage": {forward.ErrShortage, "Retry-After: 1\n", problemBody("503", "gateway-exhausted", "Service Unavailable",
			"The gateway has too many connections open to reach the service behind this path; try again soon.")},
		"slow":     {forward.ErrTimeout, "", problemBody("504", "upstream-timeout", "Gateway Timeout", "The service behind this path has not answered in time.")},
		"broken":   {forward.ErrBroken, "", problemBody("502", "upstream-failed", "Bad Gateway", "The service behind this path broke off, or gave an answer that is not valid HTTP.")},
		"not HTTP": {forward.ErrInvalid, "", problemBody("502", "upstream-failed", "Bad Gateway", "The service behind this path broke off, or gave an answer that is not valid HTTP.")},
		"too many uploads": {edge.ErrTooManyUploads, "Retry-After: 2\n", problemBody("503", "too-many-uploads", "Service Unavailable",
			"Too many requests of your address are sending their bodies; try again soon.")},
		"overloaded": {wire.ErrOverloaded, "Retry-After: 1\n", problemBody("503", "overloaded", "Service Unavailable",
			"The gateway has no memory left for this request at the moment; try again soon.")},
		"malformed":  {wire.ErrHeadTooLarge, "", problemBody("431", "head-too-large", "Request Header Fields Too Large", "The first line and the header fields are too large together, or too many.")},
		"unforeseen": {errors.New("secret"), "", problemBody("500", "internal", "Internal Server Error", "Something went wrong on our side; the log has the details.")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gw := gateWith(t, edge.Config{Check: failing{row.err}}, locked("/a", "127.0.0.1:1"))
			resp, body := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
			if body != row.body {
				t.Errorf("got  %s\nwant %s", body, row.body)
			}
			for _, of := range []string{"Date", "X-Request-Id", "Content-Length", "Content-Type", "X-Content-Type-Options", "Cache-Control"} {
				if resp.Header.Get(of) == "" {
					t.Errorf("no %s", of)
				}
				resp.Header.Del(of)
			}
			var fields bytes.Buffer
			_ = resp.Header.Write(&fields) // a Buffer does not fail
			if got := strings.ReplaceAll(fields.String(), "\r", ""); got != row.fields {
				t.Errorf("got fields\n%swant\n%s", got, row.fields)
			}
			if status := resp.StatusCode; row.body != fixed && !strings.Contains(row.body, `"status":`+resp.Status[:3]) {
				t.Errorf("got status %d", status)
			}
		})
	}
}

func unavailable(detail string) string {
	return problemBody("503", "unavailable", "Service Unavailable", detail)
}

func problemBody(status, slug, title, detail string) string {
	return `{"type":"/problems/` + slug + `","title":"` + title + `","status":` + status +
		`,"detail":"` + detail + `","message":"` + detail + `"}`
}

// lines is a log that is read while the server runs.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestOnlyUnforeseenErrorsAreLogged(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		check.ErrStale:       "",
		errors.New("secret"): `level=ERROR msg="unexpected error" error=secret request_id=mine` + "\n",
	} {
		var log lines
		text := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		gw := gateWith(t, edge.Config{Check: failing{err}, Log: slog.New(text)}, locked("/a", "127.0.0.1:1"))
		call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n")
		if got := log.String(); got != want {
			t.Errorf("%v: got log %q, want %q", err, got, want)
		}
	}
}
