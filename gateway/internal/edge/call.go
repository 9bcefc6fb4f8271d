package edge

import (
	"math/rand/v2"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// call is one request and all that is known about it. Its memory is used again for the next one.
type call struct {
	conn    *conn
	request wire.Request
	body    wire.Body
	route   *activeRoute   // nil: nothing is at this path
	who     check.Identity // UserID 0: nobody

	begun    time.Time
	id       []byte // of the request, in idMemory
	idMemory [httpd.MaxRequestIDBytes]byte
	trace    placed
	client   string // address
	outer    outer

	status   int
	in, out  int64  // bytes of the bodies
	keep     bool   // the connection may be used again
	gone     bool   // the client is gone
	grpc     bool   // the client speaks gRPC
	ended    string // why the call was ended before its time; mostly empty
	exchange forward.Exchange
	// forwarded is what exchange carries.
	forwarded forward.Request
	outcome   forward.Outcome // of a stream
	streams   bool            // resume gives the rest of the response
	revocable bool            // the call ends with its user's permission
	counted   meter.Call      // zero if the call does not count
	costed    bool            // what the upstream has announced is counted
	auth      [2]string
	limits    [2]limit.Limit
	claim     limit.Claim     // on the quotas
	standings limit.Standings // what the limits leave
	announced bool            // the lines say so
	bearer    string          // Authorization for the upstream, if the client has sent no token there
	hidden    bool            // the client has sent an API key in another field than Authorization
	protocol  string          // the WebSocket subprotocol if the upstream chooses none; mostly empty
	text      [20]byte        // the user's id as text
	scratch   []byte
	moved     []byte // the head, once the buffer has been given back
	// streaming is what the call has spent of the budget for its streams.
	streaming int
	leaveLine func()          // ends the turn of the call's upload, if it has one
	cors      *route.CORS     // whose fields are in lines; nil: none's
	lines     wire.FieldLines // for the response, the gateway's own or the upstream's
}

// begin makes k ready for the next request of c.
func (k *call) begin(c *conn) {
	k.conn, k.route, k.who = c, nil, check.Identity{}
	k.begun = time.Now()
	k.request.Reset()
	k.body = wire.Body{}
	k.id, k.trace.field, k.trace.Sampled = nil, nil, false
	k.cors = nil
	k.lines.Reset()
	k.client, k.outer = c.client, outer{}
	k.status, k.in, k.out, k.keep, k.gone, k.grpc, k.ended = 0, 0, 0, false, false, false, ""
	k.bearer, k.protocol, k.hidden = "", "", false
	k.streaming, k.streams, k.revocable, k.counted, k.costed = 0, false, false, meter.Call{}, false
	k.claim, k.announced = limit.Claim{}, false
	k.standings.Reset()
}

// whole reports whether the whole request is in the buffer, and the client waits for nothing but the response.
func (k *call) whole() bool {
	r := &k.request
	return r.ContentLength >= 0 && !r.ExpectContinue && !r.WebSocket &&
		int64(r.HeadBytes())+r.ContentLength <= int64(len(k.conn.buffer.Bytes()))
}

// identify keeps the client's request id if it is harmless, and makes one otherwise. The same is true of the trace's id.
func (k *call) identify() {
	k.locate()
	if id := k.request.RequestID; len(id) > 0 && httpd.ValidRequestID(string(id)) {
		k.id = k.idMemory[:copy(k.idMemory[:], id)] // the buffer may be given back
		return
	}
	k.id = newRequestID(&k.idMemory)
}

// newRequestID makes a request id in the memory.
func newRequestID(memory *[httpd.MaxRequestIDBytes]byte) []byte {
	const digits = "0123456789abcdef"
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 16 {
		memory[i], memory[16+i] = digits[high&15], digits[low&15]
		high, low = high>>4, low>>4
	}
	return memory[:32]
}

// end notes the request in the log and the metrics, whether or not there was a response.
func (k *call) end() {
	took := time.Since(k.begun)
	s := k.conn.server
	k.conn.occupied.leave()
	if k.streaming > 0 {
		k.conn.streams.Store(false)
		s.cfg.Budget.GiveBack(k.streaming)
	}
	k.conn.rests = max(1, int64(k.begun.Sub(s.clients.begun)+took))
	s.cfg.Metrics.observe(k, took)
	k.record(took)
	if s.cfg.Access != nil {
		s.cfg.Access.note(k, took)
	}
}
