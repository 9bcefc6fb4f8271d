// Package tracing makes traces with OpenTelemetry's SDK and sends them to a collector. It is off unless OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_TRACES_EXPORTER is set.
package tracing

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tallygate/kit/build"
)

const (
	scope       = "tallygate"
	stopTimeout = 5 * time.Second // for the spans that are not sent yet
	quiet       = time.Minute     // between two log lines about failures
)

// Tracing makes spans. A nil Tracing is off: it makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	sampler  sdktrace.Sampler
}

// Start returns a Tracing; nil if the settings say so. Failures to send are logged, and nothing waits for a collector.
func Start(ctx context.Context, s Settings, service string, log *slog.Logger) (*Tracing, error) {
	if !s.on {
		return nil, nil //nolint:nilnil // nil is a value of Tracing
	}
	logFailures(log)
	exporter, err := s.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return with(ctx, sdktrace.NewBatchSpanProcessor(exporter), s.sampler, service)
}

// exporter sends spans. It connects when there are some.
func (s Settings) exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	switch {
	case s.console:
		return stdouttrace.New()
	case s.grpc:
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// with makes spans that go to a processor.
func with(ctx context.Context, to sdktrace.SpanProcessor, sampler sdktrace.Sampler, service string) (*Tracing, error) {
	version := build.Current().Version
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName(service), semconv.ServiceVersion(version)),
		resource.WithFromEnv()) // last: what the operator has set wins
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Tracing{sampler: sampler, provider: sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(to), sdktrace.WithResource(about), sdktrace.WithSampler(sampler), sdktrace.WithIDGenerator(generator{}))}
	t.tracer = t.provider.Tracer(scope, trace.WithInstrumentationVersion(version))
	return t, nil
}

// logFailures makes the SDK tell its failures to log, one line a minute at most.
func logFailures(log *slog.Logger) {
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now := time.Now().UnixNano()
		if before := last.Load(); now-before > int64(quiet) && last.CompareAndSwap(before, now) {
			log.Warn("traces cannot be sent, or only in part", "error", err)
		}
	}))
}

// Stop sends what is left, and waits for that for a bounded time.
func (t *Tracing) Stop(log *slog.Logger) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		log.Warn("the last traces could not be sent", "error", err)
	}
}

// Tracer is for spans of a part of a request; nil if Tracing is off.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

// Place is where a request is in a trace.
type Place struct {
	TraceID trace.TraceID
	SpanID  trace.SpanID      // of the request's own span
	Parent  trace.SpanContext // of the client; invalid if the client has begun no trace
	Sampled bool
}

// Sample decides whether the request at p is recorded.
func (t *Tracing) Sample(p *Place) {
	ctx := context.Background()
	if p.Parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, p.Parent)
	}
	decision := t.sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: ctx, TraceID: p.TraceID, Kind: trace.SpanKindServer})
	p.Sampled = decision.Decision == sdktrace.RecordAndSample
}

// Request is a request that has ended.
type Request struct {
	Place
	Method, Route string
	Status        int // 0: there was no response
	Begun, Ended  time.Time
	More          []attribute.KeyValue
}

// Record makes the span of a request that was sampled.
func (t *Tracing) Record(r *Request) {
	ctx := context.WithValue(context.Background(), idsKey{}, &r.Place)
	if r.Parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, r.Parent)
	}
	_, span := t.tracer.Start(ctx, r.Method+" "+r.Route, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(r.Begun))
	span.SetAttributes(semconv.HTTPRequestMethodKey.String(r.Method), semconv.HTTPRoute(r.Route))
	span.SetAttributes(r.More...)
	Respond(span, r.Status)
	span.End(trace.WithTimestamp(r.Ended))
}

// Respond notes the response's status in the span of a server.
func Respond(span trace.Span, status int) {
	if status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if status == 0 || status >= 500 {
		span.SetStatus(codes.Error, "")
	}
}

// idsKey is the key of the Place whose ids a span gets.
type idsKey struct{}

// generator makes ids, or takes those that are in the context.
type generator struct{}

// NewIDs returns the ids of a trace's first span here.
func (generator) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	if p, ok := ctx.Value(idsKey{}).(*Place); ok {
		return p.TraceID, p.SpanID
	}
	_, _ = rand.Read(id[:]) // never fails
	_, _ = rand.Read(span[:])
	return id, span
}

// NewSpanID returns the id of a span whose trace has begun elsewhere.
func (generator) NewSpanID(ctx context.Context, _ trace.TraceID) (span trace.SpanID) {
	if p, ok := ctx.Value(idsKey{}).(*Place); ok {
		return p.SpanID
	}
	_, _ = rand.Read(span[:])
	return span
}
