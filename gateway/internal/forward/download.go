package forward

import (
	"io"

	"tallygate/gateway/internal/wire"
)

// download is a response's body on its way to the client. Each piece is sent on as soon as it has come.
type download struct {
	*Exchange

	body wire.Body
	// sent is the framing for the client. It differs from the upstream's where a client of HTTP/1.0 gets no chunks, or one
	// of HTTP/1.1 gets chunks for a body that ends with the connection.
	sent            wire.Framing
	keep            bool // the client's connection may be used again
	begun, complete bool
	failed          error // why the upstream's body broke off
	bytes           int64
	memory          lentBlock
}

// beginDownload begins to pass on a response whose body comes piece by piece. early is what came with the head.
func (x *Exchange) beginDownload(early []byte) Outcome {
	d := &download{Exchange: x}
	d.decideFraming()
	d.body.BeginResponse(d.conn.Conn, early, d.response.Framing())
	if d.req.HTTP2 {
		d.body.KeepTrailers()
	}
	d.back = d.responseHead(d.back[:0], d.sent, d.keep)
	if err := d.streams(); err != nil {
		d.release(false, 0)
		return Outcome{Err: err}
	}
	d.memory.blocks = d.engine.blocks
	return x.begin(d)
}

func (d *download) run(out *Outcome) {
	for !d.complete && d.pass() {
	}
	d.memory.Return()
	*out = d.end()
}

// end releases the connection, and returns what came of the response.
func (d *download) end() Outcome {
	r := &d.response
	var fault *Fault
	if d.failed != nil {
		fault = brokeOff(d.conn, d.failed, d.req.Upstream.Timeouts().Progress)
	}
	if !d.begun { // what came with the head is malformed, unless the client went at that moment
		d.release(false, 0)
		if fault == nil {
			return Outcome{Err: ErrClientGone}
		}
		return Outcome{Err: fault}
	}
	reusable := d.complete && r.KeepAlive && r.Framing() != wire.UntilClose && len(d.body.Extra()) == 0
	d.release(reusable && d.bodyRead(), r.IdleTimeout)
	// A response that broke off must not look whole: the client sees the connection end without the last chunk, or
	// before the length. A client that gets neither chunks nor a length would take the end of the connection for the end of
	// the response. So its connection is reset, and so is that of one that has got a part of a chunk's size.
	if !d.complete && (d.sent == wire.UntilClose || d.req.Client.Unfinished()) {
		d.req.Client.Abort()
	}
	return Outcome{Status: r.Status, Fault: fault, BytesOut: d.bytes, KeepAlive: d.keep && d.complete}
}

func (d *download) decideFraming() {
	d.keep, d.sent = d.staysOpen(), d.response.Framing()
	if d.sent >= 0 {
		return
	}
	if d.sent = wire.ByChunks; d.req.Head.Minor == 0 {
		d.sent, d.keep = wire.UntilClose, false
	}
}

// pass passes the next piece on, and reports whether that worked. The first call sends the head, with what has come
// already. It does not wait for more.
func (d *download) pass() bool {
	progress := d.req.Upstream.Timeouts().Progress
	d.conn.SetTimeout(progress)
	n, err := d.read()
	d.conn.ClearTimeout()  // the time that the client takes is not the upstream's
	whole := err == io.EOF //nolint:errorlint // Body returns it as it is
	if err != nil && !whole {
		d.failed = err
		return false
	}
	if !d.body.Pending() {
		d.in.Drop()
	}
	if !d.send(n, whole) {
		return false
	}
	d.bytes += int64(n)
	d.complete = whole
	if d.upload.active {
		d.req.Client.RenewTimeout(progress)
	}
	return true
}

func (d *download) read() (int, error) {
	if !d.begun {
		return d.body.Early(&d.memory)
	}
	if d.sent == wire.ByChunks {
		d.req.Client.AwaitsChunk()
	}
	return d.body.Fetch(&d.memory)
}

// send sends the client n bytes, and the head before the first of them. It gives the memory back.
func (d *download) send(n int, whole bool) bool {
	defer d.memory.Return()
	d.memory.Lend()
	piece := d.memory.framed(n, d.sent == wire.ByChunks, whole, &d.body)
	first := !d.begun
	if first {
		d.begun = true
		d.back = append(d.back, piece...)
		piece = d.back
	}
	_, err := d.req.Client.Write(piece)
	if first && !whole {
		d.out, d.back = slim(d.out), slim(d.back)
	}
	return err == nil
}
