package tracing_test

import (
	"strings"
	"testing"

	"tallygate/kit/env"
	"tallygate/kit/tracing"
)

func TestTracesAreOnWhereTheyCanBeSent(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		vars string
		on   bool
	}{
		{"", false},
		{"OTEL_SERVICE_NAME=x", false},
		{"OTEL_TRACES_SAMPLER=always_on", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318", true},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://collector/v1/traces", true},
		{"OTEL_TRACES_EXPORTER=otlp", true},
		{"OTEL_TRACES_EXPORTER=console", true},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_TRACES_EXPORTER=none", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SDK_DISABLED=true", false},
	} {
		s, err := read(row.vars)
		if err != nil || s.On() != row.on {
			t.Errorf("%s: got %v, %v, want %v", row.vars, s.On(), err, row.on)
		}
	}
}

func TestMistakesInTheSettingsOfTracesAreNamed(t *testing.T) {
	t.Parallel()
	for _, vars := range []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=x", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=udp", "OTEL_TRACES_EXPORTER=zipkin", "OTEL_SDK_DISABLED=yes", "OTEL_TRACES_SAMPLER=sometimes",
		"OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG=-0.1", "OTEL_TRACES_SAMPLER_ARG=NaN", "OTEL_TRACES_SAMPLER_ARG=1%",
	} {
		name, _, _ := strings.Cut(vars, "=")
		if _, err := read(vars); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: got %v", vars, err)
		}
	}
}

func read(vars string) (tracing.Settings, error) {
	all := map[string]string{}
	for one := range strings.FieldsSeq(vars) {
		name, value, _ := strings.Cut(one, "=")
		all[name] = value
	}
	r := env.NewReader(func(name string) (string, bool) { value, ok := all[name]; return value, ok })
	return tracing.ReadSettings(r), r.Err()
}
