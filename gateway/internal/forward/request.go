package forward

import (
	"sync/atomic"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Request is what Do carries. It stays the caller's with all that it points to, and must not change until Do and Finish return.
type Request struct {
	Client *wire.Conn
	Head   *wire.Request
	// HTTP2: the client has sent the request by HTTP/2.
	HTTP2 bool
	// Body is the request's body, begun. What has not been read when Do and Finish return is still there.
	Body     *wire.Body
	Upstream *upstream.Upstream

	// What the upstream gets.
	Path       []byte // as it is sent on, with any prefix stripped
	Base       string // what goes before Path; mostly empty
	HostField  string // Host; empty for the client's
	OwnHost    bool   // Host is each replica's own name
	Host       []byte // X-Forwarded-Host
	ClientAddr string // X-Forwarded-For
	Proto      string // X-Forwarded-Proto: http or https
	Prefix     []byte // X-Forwarded-Prefix; empty: none
	RequestID  []byte // X-Request-Id
	// TraceParent is the field traceparent; empty: traceparent and tracestate are the client's. TraceState: tracestate is.
	TraceParent []byte
	TraceState  bool
	// IdentityName and IdentityValue are the field that names the user; the value is empty if the request has no user.
	IdentityName  string
	IdentityValue []byte
	Roles         string // X-User-Roles; empty: none
	Rates         string // X-Tallygate-Rates; empty: none
	// ForwardToken: the request's own Authorization is sent on. Otherwise Authorization is sent instead, if it is not empty.
	ForwardToken  bool
	Authorization string
	// NoVia: the field Via is sent neither to the upstream nor to the client.
	NoVia bool
	// Links are of an upstream whose paths differ from the client's; nil if they do not.
	Links *Links
	// Identities are the names of such fields on all routes. They are dropped from what the client sends: an upstream that
	// stands behind one route may stand behind others.
	Identities *wire.Names
	// PassFields are the names of fields that are dropped otherwise: those of the kinds wire.Override and wire.Odd.
	PassFields []string

	// Protocol is Sec-WebSocket-Protocol of a 101 in which the upstream has chosen none; empty: none.
	Protocol string

	MaxBody   int64 // -1: no bound
	WebSocket bool  // the protocol may be changed
	// Informational: the client gets 1xx responses, whoever it is.
	Informational bool

	// Streamer is told when the request takes as long as its stream; may be nil.
	Streamer Streamer
	// StrictTransport is the response's Strict-Transport-Security unless the upstream sends one; empty: none is added.
	StrictTransport string
	// ResponseFields are added to the response; may be nil.
	ResponseFields *wire.FieldLines
	// Replaces reports whether a field of the upstream's response is left out because ResponseFields has it; may be nil.
	Replaces func(name []byte) bool
	// CostField is a field of the upstream's response that is for Coster, and that the client does not get; empty: none.
	CostField string
	Coster    Coster
	// KeepAlive: the client's connection may be used again after this, unless Draining says otherwise when the response
	// begins.
	KeepAlive bool
	Draining  *atomic.Bool
}

// Streamer is whose request becomes a stream.
type Streamer interface {
	// Streams is called at most twice, once for each direction, before a body is passed on piece by piece or the protocol is changed.
	// The request's head has been sent. Memory behind Head, Path and Host may be given back, but Head and Host have to stay readable: they
	// may be moved. An error refuses the request and becomes the outcome's.
	Streams() error
	// Uploaded is called once after Streams, when no more of the body will be read.
	Uploaded()
}

// Coster is who is told what a request has cost.
type Coster interface {
	// Costs is called once the final response's head is there, and before the client gets any of it. values is how often the
	// field is in it, value the last one's. value must not be kept.
	Costs(value []byte, values int)
}

// Outcome is how it went.
type Outcome struct {
	// Status is what the client got; 0 if nothing has been sent, and Err says why.
	Status int
	Err    error
	// Fault is why the replica's response broke off after the client had got its beginning; mostly nil.
	Fault *Fault
	// BytesIn and BytesOut are the lengths of the bodies as far as they went.
	BytesIn, BytesOut int64
	// KeepAlive: the client's connection stands at a message's border and may be used again.
	KeepAlive bool
	// Streams: the response is a stream, and Finish returns the outcome.
	Streams bool
}
