package edge

// prepare works out the facts that do not depend on the route.
func (k *call) prepare() {
	r, c := &k.request, k.conn
	k.keep = r.KeepAlive && !c.server.draining.Load()
	k.identify()
	k.body.Begin(c.wire, c.buffer.Bytes()[r.HeadBytes():], r.Framing())
	if len(c.server.cfg.Trusted) > 0 {
		k.believe()
	}
}
