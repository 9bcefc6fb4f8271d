package pgconnect

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, in milliseconds (RFC 5482), which package syscall does not name.
const tcpUserTimeout = 0x12

// limitSilence bounds how long sent bytes may stay without an acknowledgement.
func limitSilence(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var err error
	if failed := raw.Control(func(fd uintptr) {
		limit := silentAfter + silentProbes*silentInterval
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(limit.Milliseconds()))
	}); failed != nil {
		return failed
	}
	return err
}
