package main

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/routefile"
	"tallygate/kit/follow"
)

// routes reads the routes file and puts its table in force.
type routes struct {
	path    string // empty: the built-in routes only
	file    follow.Files
	builtin []*route.Route
	put     func(*route.Table) // puts a table in force
	valid   prometheus.Gauge
	invalid atomic.Pointer[error] // why the file is not in force as it is now; nil if it is
	// text is the file as it is in force, and credentials are the files that it names.
	text        [][]byte
	credentials credentials
	tls         upstreamTLS
}

func newRoutes(cfg *config, put func(*route.Table)) *routes {
	r := &routes{
		path: cfg.routesFile, builtin: cfg.builtins(), put: put,
		valid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallygate_gateway_routes_valid",
			Help: "1 if the routes in force are those of the routes file as it is now, 0 if they are older.",
		}),
	}
	for _, b := range r.builtin {
		b.CORS = cfg.cors
	}
	r.file = follow.Files{Paths: []string{r.path}, Settle: true, Use: r.use}
	return r
}

// load puts the first table in force.
func (r *routes) load() error {
	if r.path == "" {
		table, err := route.NewTable(r.builtin)
		if err != nil {
			return err
		}
		r.put(table)
		r.valid.Set(1)
		return nil
	}
	_, err := r.reload(true)
	if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
		return fmt.Errorf("ROUTES_FILE: %w", err)
	}
	return err
}

// sources are what a follower reloads.
func (r *routes) sources() []follow.Source {
	return []follow.Source{
		{Name: "routes", Reload: r.reload},
		{Name: "credentials of upstreams", Reload: r.reloadCredentials},
		{Name: "TLS files of upstreams", Reload: func(forced bool) (bool, error) { return r.tls.reload(forced) }},
	}
}

func (r *routes) reload(forced bool) (changed bool, err error) {
	changed, err = r.file.Reload(forced)
	if err != nil {
		r.valid.Set(0)
		r.invalid.Store(&err)
	} else {
		r.valid.Set(1)
		r.invalid.Store(nil)
	}
	return changed, err
}

func (r *routes) use(contents [][]byte) error {
	table, err := routefile.Parse(r.path, contents[0], r.builtin)
	if err != nil {
		return err
	}
	named, err := r.credentials.fill(table)
	secured, tlsErr := r.tls.fill(table)
	if err = errors.Join(err, tlsErr); err != nil {
		return follow.Retry(err) // the file may come later than the route that names it
	}
	r.text, r.credentials, r.tls = contents, named, secured
	r.put(table)
	return nil
}

// reloadCredentials puts the table in force once more if a file with a credential has changed.
func (r *routes) reloadCredentials(forced bool) (changed bool, err error) {
	changed, err = r.credentials.reload(forced)
	if changed {
		err = errors.Join(err, r.use(r.text))
	}
	return changed, err
}
