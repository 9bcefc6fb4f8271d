package httpd

import (
	"crypto/rand"
	"encoding/hex"
)

// RequestIDHeader carries a request's id in requests and responses (canonical form of X-Request-ID).
const RequestIDHeader = "X-Request-Id"

// MaxRequestIDBytes is how long a valid request id may be.
const MaxRequestIDBytes = 128

// RequestID returns the id that came with a request if it is valid, and a random one otherwise.
func RequestID(received string) string {
	if ValidRequestID(received) {
		return received
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// ValidRequestID reports whether a client's id may be used: 1 to 128 of A-Z a-z 0-9 . _ -
func ValidRequestID(id string) bool {
	if len(id) == 0 || len(id) > MaxRequestIDBytes {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
