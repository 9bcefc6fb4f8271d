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

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
)

// routes keeps the table in force that the routes file describes.
type routes struct {
	file    string // empty: the built-in routes only
	builtin []*route.Route
	edge    *edge.Server
	log     *slog.Logger

	text  []byte // as last read
	valid prometheus.Gauge
}

func newRoutes(cfg *config, server *edge.Server, log *slog.Logger) *routes {
	return &routes{
		file: cfg.routesFile, builtin: route.Builtin(hostPort(cfg.auth), hostPort(cfg.math)), edge: server, log: log,
		valid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallygate_gateway_routes_valid",
			Help: "1 if the routes file, as it is now, is in force; 0 if it has a mistake and an earlier state is.",
		}),
	}
}

// load reads the file and puts its table in force.
func (r *routes) load() error {
	var table *route.Table
	var err error
	if r.file == "" {
		table, err = route.NewTable(r.builtin)
	} else {
		if r.text, err = os.ReadFile(r.file); err != nil {
			r.valid.Set(0)
			return fmt.Errorf("ROUTES_FILE: %w", err)
		}
		table, err = route.ParseFile(r.file, r.text, r.builtin)
	}
	if err != nil {
		r.valid.Set(0)
		return err
	}
	r.edge.SetRoutes(table)
	r.valid.Set(1)
	return nil
}

// follow loads the file again whenever it has changed, and on SIGHUP, until ctx ends. A bad file changes nothing.
func (r *routes) follow(ctx context.Context) {
	if r.file == "" {
		return
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ticker := time.NewTicker(filePoll)
	defer ticker.Stop()
	said := ""
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-hup:
			asked = true
		case <-ticker.C:
		}
		text, err := os.ReadFile(r.file)
		if err == nil && !asked && bytes.Equal(text, r.text) {
			continue
		}
		if err = r.load(); err == nil {
			r.log.Info("routes read anew", "file", r.file)
			said = ""
			continue
		}
		// A file that cannot be read is said once, not once a second.
		if err.Error() != said {
			r.log.Error("routes file refused, the routes in force stay", "error", err)
			said = err.Error()
		}
	}
}

// checkRoutes tells what is wrong with a routes file, if anything.
func checkRoutes(file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	table, err := route.ParseFile(file, text, route.Builtin("auth-service:8001", "math-service:8002"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d routes, with the built-in ones\n", file, len(table.Routes()))
	return nil
}
