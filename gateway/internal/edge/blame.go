package edge

import (
	"errors"

	"tallygate/gateway/internal/forward"
)

// endedUpstream is what the access log says of a response that broke off at the upstream: its status alone would look like success.
const endedUpstream = "upstream_broke_off"

// brokeOff notes that the upstream has broken off a response of which the client has got a part.
func (k *call) brokeOff(fault *forward.Fault) {
	k.ended = endedUpstream
	k.conn.server.cfg.Log.Warn("the upstream's response broke off", k.blamed(fault)...)
}

// blamed is what a log line says of an upstream's fault. Every 502 has such a line, and every response that broke off.
func (k *call) blamed(err error) []any {
	replica, reason := "", err.Error()
	if fault, ok := errors.AsType[*forward.Fault](err); ok {
		replica, reason = fault.Replica, fault.Reason
	}
	return []any{
		"route", k.route.Name, "upstream", k.route.Upstreams, "replica", replica, "request_id", string(k.id), "reason", reason,
	}
}
