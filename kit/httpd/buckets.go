package httpd

// DurationHelp is the help text of http_server_request_duration_seconds, which every service exposes.
const DurationHelp = "Duration of HTTP server requests in seconds."

// DurationBuckets are the buckets of http_server_request_duration_seconds, in seconds: OpenTelemetry's advice for
// http.server.request.duration.
func DurationBuckets() []float64 {
	return []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
}
