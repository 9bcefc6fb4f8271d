package edge

import (
	"strconv"

	"tallygate/gateway/internal/forward"
)

// deliver sends the request to the route's upstream and the response to the client.
func (s *Server) deliver(k *call) error {
	if err := k.conn.gather(k); err != nil {
		return err
	}
	if _, whole := k.body.Buffered(); !whole && !k.route.HTTP2 { // a stream takes no connection from others
		defer k.Uploaded()
		if err := s.uploads.begin(k); err != nil {
			return err
		}
	}
	s.describe(k)
	if s.debug {
		s.logDropped(k)
	}
	return k.delivered(s.cfg.Engine.Do(&k.exchange, &k.forwarded))
}

// describe says in k.forwarded what is sent on. It needs a large part of the stack, which must be free again before Do waits.
func (s *Server) describe(k *call) {
	at, r := k.route, &k.request
	proto, host := k.reachedBy()
	var identity []byte
	var roles string
	if k.who.UserID != 0 {
		if k.who.Roles != nil {
			roles = k.who.Roles.Text
		}
		identity = strconv.AppendInt(k.text[:0], k.who.UserID, 10)
	}
	var replaces func([]byte) bool
	if at.CORS != nil {
		replaces = isCORS
	}
	authorization, forwards := at.Authorization, at.ForwardToken
	if forwards && k.bearer != "" {
		authorization, forwards = k.bearer, false
	}
	k.forwarded = forward.Request{
		Client: k.conn.wire, Head: r, Body: &k.body, Upstream: at.upstream, HTTP2: k.conn.stream,
		Path: forwardedPath(r, at.Route), Base: at.BasePath, HostField: at.hostField, OwnHost: at.ownHost,
		Host: host, ClientAddr: k.client, Proto: proto, Prefix: k.prefix(), RequestID: k.id,
		TraceParent: k.trace.field, TraceState: k.trace.Parent.IsValid(),
		IdentityName: at.IdentityHeader, IdentityValue: identity, Roles: roles, Rates: at.rates, Identities: at.identities, PassFields: at.PassFields,
		NoVia: at.NoVia, Links: at.links,
		ForwardToken: forwards, Authorization: authorization, Protocol: k.protocol,
		MaxBody: at.MaxBody, WebSocket: at.WebSocket && !at.HTTP2, Informational: at.Informational, Streamer: k,
		StrictTransport: k.conn.strictTransport(), ResponseFields: &k.lines, Replaces: replaces, CostField: at.CostField, Coster: k, KeepAlive: k.keep, Draining: &s.draining,
	}
}

// delivered takes in what came of the request.
func (k *call) delivered(o forward.Outcome) error {
	if k.streams = o.Streams; k.streams {
		return nil
	}
	k.status, k.in, k.out = o.Status, o.BytesIn, o.BytesOut
	if o.Status != 0 {
		k.keep = o.KeepAlive
		if o.Fault != nil {
			k.brokeOff(o.Fault)
		}
		return nil
	}
	return o.Err
}
