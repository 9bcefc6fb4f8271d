package edge

import (
	"net/netip"
	"strconv"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/wire"
)

// forward sends the request to the site's upstream and its answer to the client.
func (s *Server) forward(k *call) error {
	x, r := &k.exchange, &k.request
	x.Client, x.Request, x.Body = k.conn.wire, r, &k.body
	x.ClientAddr, x.Proto, x.Host, x.RequestID = k.client, k.conn.proto, r.Host, k.id
	x.Path = r.Path
	if k.site.Strip {
		x.Path = stripped(r.Path, len(k.site.Path))
	}
	x.IdentityName, x.IdentityValue, x.Identities = k.site.IdentityHeader, nil, k.site.identities
	if k.who.UserID != 0 {
		x.IdentityValue = strconv.AppendInt(k.text[:0], k.who.UserID, 10)
	}
	x.Upstream, x.MaxBody, x.WebSocket = k.site.set, k.site.MaxBody, k.site.WebSocket
	x.KeepAlive, x.Draining = k.keep, &s.draining
	x.AnswerLines, x.Replaces = k.lines, nil
	if k.site.CORS != nil {
		x.Replaces = isCORS
	}
	if len(s.cfg.Trusted) > 0 {
		k.believe(x)
	}

	if !k.conn.gather(k) {
		if k.conn.wire.Stopped() == wire.TimedOut {
			return forward.ErrSlowBody
		}
		return forward.ErrClientLeft
	}
	o := s.cfg.Engine.Do(x)
	k.status, k.in, k.out, k.keep = o.Status, o.BytesIn, o.BytesOut, o.KeepAlive
	if o.Status != 0 {
		return nil
	}
	k.keep = x.KeepAlive
	return o.Err
}

// believe takes over what a trusted proxy says of how the client reached it.
func (k *call) believe(x *forward.Exchange) {
	if !contains(k.conn.server.cfg.Trusted, k.conn.peer) {
		return
	}
	for i := range k.request.Fields() {
		switch f := k.request.Field(i); {
		case f.Alias:
		case f.Kind == wire.ForwardedProto && string(f.Value) == "https":
			x.Proto = "https"
		case f.Kind == wire.ForwardedProto && string(f.Value) == "http":
			x.Proto = "http"
		case f.Kind == wire.ForwardedHost && wire.ValidHost(f.Value):
			x.Host = f.Value
		}
	}
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// stripped is path without its first n bytes; never empty.
func stripped(path []byte, n int) []byte {
	if n == 1 {
		return path // the route "/"
	}
	if len(path) == n {
		return []byte("/")
	}
	return path[n:]
}
