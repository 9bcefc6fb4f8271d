package edge

import (
	"bytes"
	"strings"
)

// lastHop reports whether an OPTIONS request must not be forwarded any further (RFC 9110 section 7.6.2).
func (k *call) lastHop() bool {
	if string(k.request.Method) != "OPTIONS" {
		return false
	}
	hops := k.field("max-forwards")
	return len(hops) > 0 && len(bytes.Trim(hops, "0")) == 0
}

// respondOptions names the methods of the path. It needs no token: a wrong method gets the same list.
func (k *call) respondOptions(allow []string) {
	w := k.startResponse(204)
	w.Add("Allow", strings.Join(allow, ", "))
	k.finishResponse(204, &w, nil)
}
