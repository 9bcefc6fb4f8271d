package tracing

import (
	"net/url"
	"slices"
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"tallygate/kit/env"
)

// Settings are those of traces, under OpenTelemetry's names.
type Settings struct {
	on      bool
	console bool // to standard output instead of a collector
	grpc    bool // the protocol to the collector
	sampler sdktrace.Sampler
}

// ReadSettings reads them. The SDK reads the others itself: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_* and the rest of
// OTEL_EXPORTER_OTLP_*.
func ReadSettings(r *env.Reader) Settings {
	sent := false
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		if text := r.String(name, ""); text != "" {
			sent = true
			if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				r.Fail(name, "%q is not an address like http://127.0.0.1:4318", text)
			}
		}
	}
	protocols := []string{"http/protobuf", "grpc"}
	if r.OneOf("OTEL_EXPORTER_OTLP_PROTOCOL", protocols...) == "grpc" {
		slices.Reverse(protocols)
	}
	protocol := r.OneOf("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocols...) // the first is the default
	fallback, other := "none", "otlp"
	if sent {
		fallback, other = other, fallback
	}
	exporter := r.OneOf("OTEL_TRACES_EXPORTER", fallback, other, "console")
	disabled := r.OneOf("OTEL_SDK_DISABLED", "false", "true") == "true"
	return Settings{on: exporter != "none" && !disabled, console: exporter == "console", grpc: protocol == "grpc", sampler: readSampler(r)}
}

// readSampler reads which calls are traced.
func readSampler(r *env.Reader) sdktrace.Sampler {
	ratio := 1.0
	if text := r.String("OTEL_TRACES_SAMPLER_ARG", ""); text != "" {
		var err error
		if ratio, err = strconv.ParseFloat(text, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
			r.Fail("OTEL_TRACES_SAMPLER_ARG", "%q is not a share from 0 to 1", text)
			ratio = 1
		}
	}
	always, never, share := sdktrace.AlwaysSample(), sdktrace.NeverSample(), sdktrace.TraceIDRatioBased(ratio)
	switch r.OneOf("OTEL_TRACES_SAMPLER", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
		"always_on", "always_off", "traceidratio") {
	case "always_on":
		return always
	case "always_off":
		return never
	case "traceidratio":
		return share
	case "parentbased_always_off":
		return sdktrace.ParentBased(never)
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(share)
	}
	return sdktrace.ParentBased(always)
}
