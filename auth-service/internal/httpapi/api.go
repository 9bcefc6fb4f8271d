package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/ginapi"
)

// api returns an API without routes. Its metrics have the label listener. The access log is for public requests only: each
// gateway makes two private ones a second, which the metrics count.
func (s *server) api(listener string) *ginapi.API {
	return ginapi.New(ginapi.Config{
		Log: s.Log, AccessLog: s.AccessLog && listener == "public", Problems: s.problem, TrustedProxies: s.TrustedProxies,
		Metrics: prometheus.WrapRegistererWith(prometheus.Labels{"listener": listener}, s.Metrics),
	})
}
