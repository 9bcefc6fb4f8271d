package pgconnect

import (
	"net"
	"time"
)

// A connection whose other end says nothing is given up after about ten seconds. The system's own limits are a quarter of an
// hour for what was sent, and hours for a connection on which nothing was.
const (
	silentAfter    = 5 * time.Second
	silentInterval = 2 * time.Second
	silentProbes   = 3
)

// dialer opens connections that notice when the other end is gone without a word.
func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: silentAfter, Interval: silentInterval, Count: silentProbes,
		},
		Control: limitSilence,
	}
}
