package proxyproto

import (
	"errors"
	"io"
	"net/netip"
)

// ErrMalformed means that the connection does not begin with a header.
var ErrMalformed = errors.New("no valid PROXY header")

const (
	signature = "\r\n\r\n\x00\r\nQUIT\n" // of version 2
	// shortest is the length of the shortest header of version 1; one of version 2 is longer.
	shortest = len("PROXY UNKNOWN\r\n")
)

// Read reads a header and returns the client's address. It is not valid if the header names none: then the proxy
// speaks for itself (LOCAL), or the client has no address of IP (UNKNOWN, Unix sockets). The header is at most 64 KiB long, as
// its form has it; the caller bounds the time. Errors: ErrMalformed, io.EOF if nothing has come, those of r.
func Read(r io.Reader) (netip.Addr, error) {
	var begin [shortest]byte
	if _, err := io.ReadFull(r, begin[:]); err != nil {
		return netip.Addr{}, brokenOff(err)
	}
	if string(begin[:len(signature)]) == signature {
		return readBinary(r, begin[:])
	}
	return readText(r, begin[:])
}

// brokenOff is the error for a connection that ends after the beginning of its header.
func brokenOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrMalformed
	}
	return err
}

// broken is brokenOff where a part of the header has been read before.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrMalformed
	}
	return brokenOff(err)
}
