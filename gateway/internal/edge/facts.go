package edge

import (
	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// prepare works out the facts that do not depend on the route.
func (k *call) prepare() {
	r, c := &k.request, k.conn
	k.keep = r.KeepAlive && !c.server.draining.Load()
	k.identify()
	k.body.Begin(c.wire, c.buffer.Bytes()[r.HeadBytes():], r.Framing())
	if len(c.server.cfg.Trusted) > 0 {
		k.client = k.clientAddr()
	}
}

// clientAddr is the client's address: the peer's, or what trusted proxies report.
func (k *call) clientAddr() string {
	var forwarded []string
	for i := range k.request.Fields() {
		if f := k.request.Field(i); f.Kind == wire.ForwardedFor && !f.Alias {
			forwarded = append(forwarded, string(f.Value))
		}
	}
	if forwarded == nil || !k.conn.peer.IsValid() {
		return k.conn.client
	}
	return httpd.ClientAddr(k.conn.peer, forwarded, k.conn.server.cfg.Trusted).String()
}
