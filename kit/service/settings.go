package service

import (
	"io"
	"log/slog"
	"time"

	"tallygate/kit/env"
	"tallygate/kit/loglines"
	"tallygate/kit/token"
	"tallygate/kit/tracing"
)

// Settings are the ones that every service has, under the same names.
type Settings struct {
	Addr        string
	PrivateAddr string
	AccessLog   bool
	Settle      time.Duration
	Drain       time.Duration
	LogFormat   string // json or text

	JWTSecret, JWTOtherSecrets, JWTPublicKeys *env.Secret
	JWTIssuer, JWTAudience                    string
	JWTTTL                                    time.Duration

	Tracing tracing.Settings

	logLevel string
}

// ReadSettings reads them; the two addresses differ by service.
func ReadSettings(r *env.Reader, addr, privateAddr string) Settings {
	return Settings{
		Addr:            r.String("ADDR", addr),
		PrivateAddr:     r.String("PRIVATE_ADDR", privateAddr),
		AccessLog:       r.Bool("ACCESS_LOG", true),
		Settle:          r.Duration("SHUTDOWN_SETTLE", 0, 0),
		Drain:           r.Duration("SHUTDOWN_DRAIN", 20*time.Second, 0),
		JWTSecret:       r.OptionalSecret("JWT_SECRET"),
		JWTOtherSecrets: r.OptionalSecret("JWT_OTHER_SECRETS"),
		JWTPublicKeys:   r.OptionalSecret("JWT_PUBLIC_KEYS"),
		JWTIssuer:       r.String("JWT_ISSUER", "tallygate"),
		JWTAudience:     r.String("JWT_AUDIENCE", "tallygate"),
		JWTTTL:          r.Duration("JWT_TTL", 60*time.Minute, time.Second),
		Tracing:         tracing.ReadSettings(r),
		logLevel:        r.OneOf("LOG_LEVEL", "info", "debug", "warn", "error"),
		LogFormat:       r.OneOf("LOG_FORMAT", "json", "text"),
	}
}

// Verifier returns the verifier of access tokens with the keys of ring.
func (s *Settings) Verifier(ring *token.Keyring) *token.Verifier {
	return token.NewVerifier(token.Config{Keys: ring, Issuer: s.JWTIssuer, Audience: s.JWTAudience, MaxLife: s.JWTTTL})
}

// Logger writes to out at the level and in the form that are set, with the service's name in every line.
func (s *Settings) Logger(out io.Writer, service string) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	options := &slog.HandlerOptions{Level: levels[s.logLevel]}
	var handler slog.Handler = slog.NewJSONHandler(out, options)
	if s.LogFormat == "text" {
		handler = slog.NewTextHandler(out, options)
	}
	if s.Tracing.On() {
		handler = tracing.WithTraceID(handler)
	}
	log := slog.New(handler).With("service", service)
	if lines, ok := out.(*loglines.Writer); ok {
		lines.OnDropped(func(dropped int64) { log.Warn("log lines were dropped: they were not read in time", "count", dropped) })
	}
	return log
}
