package proxyproto

import (
	"encoding/binary"
	"io"
	"net/netip"
)

// Commands, families of addresses and transports of version 2.
const (
	version2 = 2

	local = 0
	proxy = 1

	unspecified = 0
	inet        = 1
	inet6       = 2
	unix        = 3

	stream   = 1
	datagram = 2
)

// addressBytes are the lengths of source and destination with their ports, by family.
var addressBytes = [...]int{unspecified: 0, inet: 12, inet6: 36, unix: 216} //nolint:gochecknoglobals // a constant list

// readBinary reads the rest of a header of version 2: twelve bytes of signature, four that say what follows, addresses, and fields
// of other kinds (TLVs), which are skipped.
func readBinary(r io.Reader, begin []byte) (netip.Addr, error) {
	var last [1]byte
	if _, err := io.ReadFull(r, last[:]); err != nil {
		return netip.Addr{}, broken(err)
	}
	at := len(signature)
	version, command, family, transport := begin[at]>>4, begin[at]&15, begin[at+1]>>4, begin[at+1]&15
	length := int(binary.BigEndian.Uint16([]byte{begin[at+2], last[0]}))
	if version != version2 || command > proxy || family > unix || transport > datagram {
		return netip.Addr{}, ErrMalformed
	}
	if command == proxy && length < addressBytes[family] {
		return netip.Addr{}, ErrMalformed
	}
	var addresses [36]byte
	n := min(length, len(addresses))
	if _, err := io.ReadFull(r, addresses[:n]); err != nil {
		return netip.Addr{}, broken(err)
	}
	if _, err := io.CopyN(io.Discard, r, int64(length-n)); err != nil {
		return netip.Addr{}, broken(err)
	}
	switch {
	case command == local || transport != stream:
		return netip.Addr{}, nil
	case family == inet:
		return netip.AddrFrom4([4]byte(addresses[:4])), nil
	case family == inet6:
		return netip.AddrFrom16([16]byte(addresses[:16])).Unmap(), nil
	}
	return netip.Addr{}, nil
}
