package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/routefile"
)

// routesPoll is how often the routes file is looked at: a change is taken over at the second look, within a second.
const routesPoll = 500 * time.Millisecond

// routes keeps the table in force that the routes file describes.
type routes struct {
	file    string // empty: the built-in routes only
	builtin []*route.Route
	put     func(*route.Table) // puts a table in force
	log     *slog.Logger

	judged  []byte // as last taken or refused; nil if the file could not be read since
	pending []byte // as the last look found it, if it is not judged yet
	said    string // the last mistake in the log: it is said once, not at every look
	valid   prometheus.Gauge
}

func newRoutes(cfg *config, put func(*route.Table), log *slog.Logger) *routes {
	return &routes{
		file: cfg.routesFile, builtin: route.Builtin(hostPort(cfg.auth), hostPort(cfg.math)), put: put, log: log,
		valid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallygate_gateway_routes_valid",
			Help: "1 if the routes file, as it is now, is in force; 0 if it has a mistake and an earlier state is.",
		}),
	}
}

// load puts the table of the start in force.
func (r *routes) load() error {
	if r.file == "" {
		table, err := route.NewTable(r.builtin)
		if err != nil {
			return err
		}
		r.put(table)
		r.valid.Set(1)
		return nil
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		return fmt.Errorf("ROUTES_FILE: %w", err)
	}
	return r.judge(text)
}

// judge puts the table of the file in force, or leaves the one before if the file has a mistake.
func (r *routes) judge(text []byte) error {
	r.judged, r.pending = text, nil
	table, err := routefile.Parse(r.file, text, r.builtin)
	if err != nil {
		return err
	}
	r.put(table)
	r.valid.Set(1)
	return nil
}

// follow looks at the file again and again, and on SIGHUP, until ctx ends.
func (r *routes) follow(ctx context.Context) {
	if r.file == "" {
		return
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ticker := time.NewTicker(routesPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			r.look(true)
		case <-ticker.C:
			r.look(false)
		}
	}
}

// look takes over what has changed in the file: at once if it was asked for, else when two looks have found the same.
// Many editors write in place, and half a file may well be a good one with fewer routes.
func (r *routes) look(asked bool) {
	text, err := os.ReadFile(r.file)
	switch {
	case err != nil:
		// When the file is back it is judged again, even if it is the same.
		r.judged, r.pending = nil, nil
		r.refuse(fmt.Errorf("ROUTES_FILE: %w", err))
		return
	case asked:
	case r.judged != nil && bytes.Equal(text, r.judged):
		r.pending = nil
		return
	case r.pending == nil || !bytes.Equal(text, r.pending):
		r.pending = text
		return
	}
	if err := r.judge(text); err != nil {
		r.refuse(err)
		return
	}
	r.log.Info("routes read anew", "file", r.file)
	r.said = ""
}

func (r *routes) refuse(err error) {
	r.valid.Set(0)
	if err.Error() != r.said {
		r.log.Error("routes file refused, the routes in force stay", "error", err)
		r.said = err.Error()
	}
}

// checkRoutes tells what is wrong with a routes file, if anything.
func checkRoutes(file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	table, err := routefile.Parse(file, text, route.Builtin("auth-service:8001", "math-service:8002"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d routes, with the built-in ones\n", file, len(table.Routes()))
	return nil
}
