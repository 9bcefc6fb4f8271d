package report

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/every"
)

const (
	// interval is how often the state is reported. auth-service takes a gateway for gone after three.
	interval = 5 * time.Second
	// timeout bounds a report: the next one is better than a late one.
	timeout = 2 * time.Second
	// olderRetry is how often an auth-service that does not know reports is asked again.
	olderRetry = 10 * time.Minute
)

// AuthService takes reports.
type AuthService interface {
	// Report replaces what is known of a gateway's state. Errors: those of authclient.Client.
	Report(ctx context.Context, gateway string, body []byte) error
}

// Config is what a Reporter needs. All fields are required, except Now.
type Config struct {
	Gateway     string // its id in the ledger
	Name        string // of the host
	Version     string
	StartedAt   time.Time
	State       func() State
	AuthService AuthService
	Log         *slog.Logger
	Now         func() time.Time // nil: time.Now
}

// Reporter reports. It is not safe for concurrent use.
type Reporter struct {
	cfg    Config
	minute minute
	since  map[string]time.Time // when the troubles of now began, by code

	trouble trouble   // that was logged
	askAt   time.Time // an auth-service that does not know reports is left alone until then
}

// trouble is why reports do not arrive.
type trouble int

const (
	none trouble = iota
	failing
	unknown // auth-service does not know reports
)

// New returns a Reporter.
func New(cfg Config) *Reporter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Reporter{cfg: cfg}
}

// Run reports until ctx ends, for the first time at once.
func (r *Reporter) Run(ctx context.Context) {
	r.report(ctx)
	every.Do(ctx, interval, func() { r.report(ctx) })
}

// report sends one report. The calls are counted also while none is sent, so that a minute is a minute.
func (r *Reporter) report(ctx context.Context) {
	now, state := r.cfg.Now(), r.cfg.State()
	r.minute.look(&state.Edge)
	if now.Before(r.askAt) {
		return
	}
	body, err := r.encode(&state, now)
	if err == nil {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err = r.cfg.AuthService.Report(bounded, r.cfg.Gateway, body)
	}
	if ctx.Err() == nil {
		r.note(err, now)
	}
}

// note logs when reports begin to fail, and when they arrive again.
func (r *Reporter) note(err error, now time.Time) {
	before := r.trouble
	switch {
	case err == nil:
		if r.trouble = none; before != none {
			r.cfg.Log.Info("the state of this gateway is reported again")
		}
	case errors.Is(err, authclient.ErrNoCall):
		r.askAt = now.Add(olderRetry)
		if r.trouble = unknown; before != unknown {
			r.cfg.Log.Warn("auth-service does not know reports of gateways: is it of an older version? It is asked again", "after", olderRetry, "error", err)
		}
	default:
		if r.trouble = failing; before != failing {
			r.cfg.Log.Warn("the state of this gateway is not reported; GET /admin/system does not show it", "error", err)
		}
	}
}
