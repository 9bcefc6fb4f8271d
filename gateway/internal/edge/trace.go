package edge

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"tallygate/kit/httpd"
	"tallygate/kit/tracing"
)

// Tracer decides which calls are traced, and takes those that have ended.
type Tracer interface {
	Sample(*tracing.Place)
	Record(*tracing.Request)
}

// placed is where a call is in a trace. It is empty if there are no traces.
type placed struct {
	tracing.Place

	field  []byte // traceparent for the upstream, in memory
	memory [tracing.ParentLength]byte
}

// locate finds out where the call is in a trace: in the client's, if the client has one.
func (k *call) locate() {
	tracer := k.conn.server.cfg.Tracer
	if tracer == nil {
		return
	}
	p := &k.trace
	if p.Parent = tracing.ParseParent(k.request.TraceParent); p.Parent.IsValid() {
		p.TraceID = p.Parent.TraceID()
	} else {
		binary.NativeEndian.PutUint64(p.TraceID[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(p.TraceID[8:], 1|rand.Uint64()) // all zeros are no id
	}
	binary.NativeEndian.PutUint64(p.SpanID[:], 1|rand.Uint64())
	tracer.Sample(&p.Place)
	p.field = p.AppendParent(p.memory[:0])
}

// id is the trace's, as text; empty without traces.
func (p *placed) id() []byte {
	if len(p.field) == 0 {
		return nil
	}
	return p.field[3:35]
}

// record gives the call's span to the tracer, if it is sampled.
func (k *call) record(took time.Duration) {
	if !k.trace.Sampled || k.conn.server.isProbe(&k.request) {
		return
	}
	route := "none"
	if k.route != nil {
		route = k.route.Name
	}
	k.conn.server.cfg.Tracer.Record(&tracing.Request{
		Place: k.trace.Place, Method: httpd.KnownMethod(string(k.request.Method)).String(), Route: route, Status: k.status,
		Begun: k.begun, Ended: k.begun.Add(took), More: []attribute.KeyValue{attribute.String("tallygate.request_id", string(k.id))},
	})
}
