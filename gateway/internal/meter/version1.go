package meter

import "unsafe"

// rowVersion1 is a row as gateways wrote it before there were API keys and units. A call was one unit.
type rowVersion1 struct {
	user                                                                 int64
	key                                                                  uint64
	requests, clientErrors, serverErrors, rateLimited, bytesIn, bytesOut uint64
}

const (
	headerVersion1 = 1
	keyMarkV1      = uint64(0x7a1e) << 48
)

// readAny reads a row of any version: its mark says which.
func (r *row) readAny() tally {
	key := r.key.Load()
	if key&keyMarkMask != keyMarkV1 {
		return r.read()
	}
	old := (*rowVersion1)(unsafe.Pointer(r))
	return tally{owner{user: old.user}, key&^keyMarkMask | keyMark, counts{
		requests: old.requests, units: old.requests, clientErrors: old.clientErrors, serverErrors: old.serverErrors,
		rateLimited: old.rateLimited, bytesIn: old.bytesIn, bytesOut: old.bytesOut,
	}}
}
