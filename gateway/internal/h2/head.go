package h2

import (
	"net/http"
	"strconv"
)

// appendHead appends a request's head to b as HTTP/1.1. chunked: its body is to be sent in chunks.
func appendHead(b []byte, r *http.Request) (head []byte, chunked bool) {
	b = append(append(append(b, r.Method...), ' '), r.RequestURI...)
	b = append(b, " HTTP/1.1\r\n"...)
	if r.Host != "" {
		b = appendField(b, "Host", r.Host)
	}
	for name, values := range r.Header {
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	switch length := r.Header["Content-Length"]; {
	case r.ContentLength < 0:
		chunked = true
		b = appendField(b, "Transfer-Encoding", "chunked")
	case len(length) > 0 && length[0] != strconv.FormatInt(r.ContentLength, 10):
		b = appendField(b, "Content-Length", "0") // the stream has ended without the body (RFC 9113 section 8.1.1): two lengths are refused
	}
	return append(b, "\r\n"...), chunked
}
