package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/ginapi"
)

// api returns an API without routes whose metrics say on which listener it is. Gateways call the private one twice a
// second each: those calls are in the metrics, not in the log.
func (s *server) api(listener string) *ginapi.API {
	return ginapi.New(ginapi.Config{
		Log: s.Log, AccessLog: s.AccessLog && listener == "public", Problems: s.problems,
		Metrics: prometheus.WrapRegistererWith(prometheus.Labels{"listener": listener}, s.Metrics),
	})
}
