package edge

import (
	"context"
	"log/slog"
)

// debugs reports whether the log takes what logDropped writes.
func debugs(log *slog.Logger) bool {
	return log != nil && log.Enabled(context.Background(), slog.LevelDebug)
}

// logDropped names the fields of a request that its upstream does not get, for those who look for one. Their values may be secrets.
func (s *Server) logDropped(k *call) {
	if names := k.forwarded.Dropped(); len(names) > 0 {
		s.cfg.Log.Debug("request fields were dropped", "request_id", string(k.id), "route", k.route.Name, "fields", names)
	}
}
