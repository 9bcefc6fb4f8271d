package httpapi

import "tallygate/kit/ginapi"

// api returns an API without routes. The access log is for public requests only: each gateway makes two private ones a
// second, which the metrics count.
func (s *server) api(accessLog bool) *ginapi.API {
	return ginapi.New(ginapi.Config{
		Log: s.Log, AccessLog: accessLog, Problems: s.problem, TrustedProxies: s.TrustedProxies, Metrics: s.Metrics,
	})
}
