package main

import (
	"net/url"
	"strings"

	"tallygate/kit/env"
)

// readPublicURL returns PUBLIC_URL, where people find the console, without slashes at its end; empty if it is not set. A path
// is allowed: the console can be moved under one.
func readPublicURL(r *env.Reader) string {
	text := r.String("PUBLIC_URL", "")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		// It may hold a password: it is not repeated.
		r.Fail("PUBLIC_URL", "is not an address like https://example.com or https://example.com/gate")
		return ""
	}
	return strings.TrimRight(u.String(), "/")
}
