package tracing

import (
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// ParentLength is that of the field traceparent in version 00 (W3C Trace Context, section 3.2).
const ParentLength = len("00-00000000000000000000000000000000-0000000000000000-00")

// ParseParent reads the field traceparent. What is not one gives an invalid span.
func ParseParent(text []byte) trace.SpanContext {
	if len(text) < ParentLength || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return trace.SpanContext{}
	}
	var version, flags [1]byte
	var id trace.TraceID
	var span trace.SpanID
	for _, part := range []struct{ to, from []byte }{
		{version[:], text[:2]}, {id[:], text[3:35]}, {span[:], text[36:52]}, {flags[:], text[53:ParentLength]},
	} {
		if !lowerHex(part.from) {
			return trace.SpanContext{}
		}
		_, _ = hex.Decode(part.to, part.from) // every byte is a digit
	}
	// A later version may have more after another dash.
	if version[0] == 0xff || version[0] == 0 && len(text) > ParentLength || len(text) > ParentLength && text[ParentLength] != '-' {
		return trace.SpanContext{}
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: span, TraceFlags: trace.TraceFlags(flags[0]) & trace.FlagsSampled, Remote: true,
	})
}

func lowerHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// AppendParent appends the field traceparent that the request's upstream gets.
func (p *Place) AppendParent(b []byte) []byte {
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, p.TraceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, p.SpanID[:])
	if p.Sampled {
		return append(b, "-01"...)
	}
	return append(b, "-00"...)
}
