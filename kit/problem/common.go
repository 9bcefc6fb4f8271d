package problem

import (
	"net/http"
	"strings"
	"time"
)

// NotFound is the response to a path that nobody serves.
func NotFound() *Details {
	return New(http.StatusNotFound, "not-found", "There is nothing at this path.")
}

// MethodNotAllowed names the methods that the path takes (RFC 9110 section 15.5.6).
func MethodNotAllowed(allow []string) *Details {
	list := strings.Join(allow, ", ")
	return New(http.StatusMethodNotAllowed, "method-not-allowed", "This path takes "+list+" only.").With("Allow", list)
}

// Internal is the response to an unexpected error. The log has the error under the request id.
func Internal() *Details {
	return New(http.StatusInternalServerError, "internal", "Something went wrong on our side; the log has the details.")
}

// Unavailable is the response while something that we need is unavailable.
func Unavailable(detail string, retryAfter time.Duration) *Details {
	return New(http.StatusServiceUnavailable, "unavailable", detail).RetryAfter(retryAfter)
}
