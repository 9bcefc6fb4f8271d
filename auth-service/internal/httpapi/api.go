package httpapi

import (
	"go.opentelemetry.io/otel/trace"

	"tallygate/kit/ginapi"
)

// api returns an API without routes. The access log is for public requests only: each gateway makes two private ones a
// second, which the metrics count. The same is true of traces.
func (s *server) api(accessLog bool, tracer trace.Tracer) *ginapi.API {
	return ginapi.New(ginapi.Config{
		Log: s.Log, AccessLog: accessLog, Tracer: tracer, Problems: s.problem, TrustedProxies: s.TrustedProxies, Metrics: s.Metrics,
	})
}
