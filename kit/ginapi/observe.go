package ginapi

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/kit/httpd"
)

const (
	requestIDKey = "tallygate.request_id"
	userIDKey    = "tallygate.user_id"
)

// RequestID is the id of the request. The response carries it too.
func RequestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// SetUserID sets the user of the request, for the log line.
func SetUserID(c *gin.Context, id int64) { c.Set(userIDKey, id) }

// observe gives the request an id, and after it writes the log line and the metric. Paths, queries, tokens and bodies
// stay out of both.
func (a *API) observe(c *gin.Context) {
	start := time.Now()
	id := httpd.RequestID(c.GetHeader(httpd.RequestIDHeader))
	c.Set(requestIDKey, id)
	c.Header(httpd.RequestIDHeader, id)
	c.Header("X-Content-Type-Options", "nosniff")

	body := &countedBody{ReadCloser: c.Request.Body}
	c.Request.Body = body

	method := httpd.KnownMethod(c.Request.Method).String()
	endSpan := a.beginSpan(c, method)

	c.Next()

	took := time.Since(start)
	route, status := c.FullPath(), c.Writer.Status()
	if route == "" {
		route = "none"
	}
	endSpan(route, status)
	a.duration.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
	if !a.cfg.AccessLog {
		return
	}
	// The gateway's line has the same members. user_id is last, so that it can be left out.
	attrs := [...]slog.Attr{
		slog.String("method", method), slog.String("route", route), slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes_in", body.bytes), slog.Int("bytes_out", max(c.Writer.Size(), 0)), slog.String("request_id", id),
		slog.String("client", httpd.ClientOf(c.Request, a.cfg.TrustedProxies).String()),
		slog.Int64("user_id", c.GetInt64(userIDKey)),
	}
	n := len(attrs)
	if c.GetInt64(userIDKey) == 0 {
		n--
	}
	level := slog.LevelInfo
	if isProbe(route) {
		level = slog.LevelDebug
	}
	a.cfg.Log.LogAttrs(c, level, "request", attrs[:n]...)
}

// isProbe reports whether a route is for probes, which come every second and would drown the rest.
func isProbe(route string) bool { return route == "/livez" || route == "/readyz" }
