package acme

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// zapTo returns a logger for certmagic whose warnings and errors become lines of log. Its other lines tell each step.
func zapTo(log *slog.Logger) *zap.Logger { return zap.New(&core{log: log}) }

// core writes a zap logger's entries to a slog.Logger.
type core struct {
	log    *slog.Logger
	fields []zapcore.Field
}

// Enabled reports whether entries of that level are logged.
func (c *core) Enabled(level zapcore.Level) bool { return level >= zapcore.WarnLevel }

// With adds fields to all entries.
func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{log: c.log, fields: slices.Concat(c.fields, fields)}
}

// Check adds the core to those that write an entry.
func (c *core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write logs an entry.
func (c *core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, field := range slices.Concat(c.fields, fields) {
		field.AddTo(encoder)
	}
	level := slog.LevelError
	if entry.Level == zapcore.WarnLevel {
		level = slog.LevelWarn
	}
	attrs := append(make([]slog.Attr, 0, 1+len(encoder.Fields)), slog.String("what", entry.Message))
	for _, name := range slices.Sorted(maps.Keys(encoder.Fields)) {
		attrs = append(attrs, slog.Any(name, encoder.Fields[name]))
	}
	c.log.LogAttrs(context.Background(), level, "acme", attrs...)
	return nil
}

// Sync does nothing: every line is written at once.
func (*core) Sync() error { return nil }
