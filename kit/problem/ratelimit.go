package problem

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Policy is a rate limit as clients see it: Quota requests in each Window.
type Policy struct {
	Name   string
	Quota  int64
	Window time.Duration
}

// TooMany is the 429 for a client that has used up the quota of a policy. wait is the time until it may try again. It has
// the fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers) and Retry-After.
func TooMany(slug, detail string, p Policy, wait time.Duration) *Details {
	name := strconv.Quote(p.Name)
	return New(http.StatusTooManyRequests, slug, detail).RetryAfter(wait).
		With("RateLimit-Policy", fmt.Sprintf("%s;q=%d;w=%d", name, p.Quota, Seconds(p.Window))).
		With("RateLimit", fmt.Sprintf("%s;r=0;t=%d", name, Seconds(wait)))
}
