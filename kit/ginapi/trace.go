package ginapi

import (
	"github.com/gin-gonic/gin"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tallygate/kit/tracing"
)

// beginSpan begins the span of a request, as a part of the client's trace if the client has one. It returns what ends it.
func (a *API) beginSpan(c *gin.Context, method string) (end func(route string, status int)) {
	if a.cfg.Tracer == nil || isProbe(c.FullPath()) {
		return func(string, int) {}
	}
	ctx := c.Request.Context()
	if fields := c.Request.Header.Values("Traceparent"); len(fields) == 1 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, tracing.ParseParent([]byte(fields[0])))
	}
	ctx, span := a.cfg.Tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer))
	c.Request = c.Request.WithContext(ctx)
	return func(route string, status int) {
		if span.IsRecording() {
			span.SetName(method + " " + route)
			span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route))
			tracing.Respond(span, status)
		}
		span.End()
	}
}
