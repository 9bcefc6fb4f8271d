package h2

import (
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// credit bounds the frames of a client that are work and no requests: resets before a response (CVE-2023-44487), pings, settings, empty
// frames of data, parts of heads (CVE-2024-27316). It is counted in bytes. A client earns it by what is sent to it, because clients that
// get much have reason to send such frames, and by time.
type credit struct {
	earned atomic.Int64 // by what was sent, and not in left yet
	left   int64
	at     time.Time // when left was counted
}

const (
	// controlCost is that of a frame which package http2 has to act upon or to respond to. What is sent in response earns less.
	controlCost = 64
	// windowCost is that of a WINDOW_UPDATE: clients may send two for each frame of data that they get.
	windowCost = 8
	// creditMost and creditRate are 1,000 such frames at once, and 33 in a second, as in nghttp2.
	creditMost = 1000 * controlCost
	creditRate = 33 * controlCost
)

// costOf is what a frame costs.
func costOf(kind http2.FrameType, flags http2.Flags, length int) int64 {
	switch kind {
	case http2.FrameHeaders:
		return 0 // a request is bounded by what it does
	case http2.FrameData:
		if length > 0 || flags.Has(http2.FlagDataEndStream) {
			return 0
		}
	case http2.FrameWindowUpdate:
		return windowCost
	case http2.FrameSettings:
		if flags.Has(http2.FlagSettingsAck) {
			return windowCost
		}
	}
	return controlCost
}

// spend reports whether there is enough left. One goroutine calls it.
func (c *credit) spend(cost int64, now time.Time) bool {
	if cost == 0 {
		return true
	}
	if c.left -= cost; c.left >= 0 {
		return true
	}
	// Only now: a client in its bounds costs no look at the clock.
	c.left += c.earned.Swap(0) + int64(min(now.Sub(c.at).Seconds(), 1000)*creditRate)
	c.left, c.at = min(c.left, creditMost), now
	return c.left >= 0
}
