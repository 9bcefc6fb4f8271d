package apidoc

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/route"
)

// Config is what a Keeper needs.
type Config struct {
	// Own is the gateway's own description in JSON, with the paths as clients call them. Pages are the paths of the gateway's own pages.
	Own   []byte
	Pages []string
	// Fetch asks a route's upstream. The caller closes the response's body.
	Fetch func(ctx context.Context, r *route.Route, path string, header http.Header) (*http.Response, error)
	// Put puts a description in force. It is not called concurrently.
	Put func(body []byte)
	Log *slog.Logger
	// Bound is how many bytes the joined description may have, and the descriptions from upstreams together.
	Bound int
}

// maxAsking bounds how many descriptions are on their way at once.
const maxAsking = 4

// Keeper joins the descriptions, and asks again for those of the upstreams while it runs.
type Keeper struct {
	cfg     Config
	own     *own
	valid   *prometheus.GaugeVec
	changed chan struct{} // the joined description has to be made anew
	asking  chan struct{} // a place for each that asks: its text is in memory
	parsing sync.Mutex    // one at a time: it takes far more memory than the text

	mu      sync.Mutex
	table   *route.Table
	sources map[string]*source // by the route's name
	running context.Context    //nolint:containedctx // of Run; nil before
	left    map[string]bool
}

// New returns a Keeper without routes. It is an error if the own description cannot be read.
func New(cfg Config) (*Keeper, error) {
	own, err := newOwn(cfg.Own, cfg.Pages)
	if err != nil {
		return nil, err
	}
	k := &Keeper{cfg: cfg, own: own, changed: make(chan struct{}, 1), asking: make(chan struct{}, maxAsking), left: map[string]bool{}}
	k.valid = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tallygate_gateway_api_description_valid",
		Help: "1 if the OpenAPI description that the route's upstream has now is in force, 0 if it is an older one or none.",
	}, []string{"route"})
	return k, nil
}

// Collector is the metric.
func (k *Keeper) Collector() prometheus.Collector { return k.valid }

// SetRoutes joins the descriptions of a table's routes. Those that are known stay in force until their upstreams give others, for
// which it asks at once.
func (k *Keeper) SetRoutes(table *route.Table) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.sources
	k.table, k.sources = table, map[string]*source{}
	for _, r := range table.Routes() {
		if r.Builtin || r.Description.Unlisted || r.Description.Path == "" && r.Description.File == "" {
			continue
		}
		s := newSource(k, r)
		if old := before[r.Name]; old != nil && old.key == s.key {
			s.text, s.tag, s.problem = old.text, old.tag, old.problem
		}
		k.sources[r.Name] = s
		if k.running != nil {
			s.start(k.running)
		}
	}
	for name, old := range before {
		old.stop()
		if k.sources[name] == nil {
			k.valid.DeleteLabelValues(name)
		}
	}
	k.dirty()
}

func (k *Keeper) dirty() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// Run asks the upstreams, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	k.mu.Lock()
	k.running = ctx
	for _, s := range k.sources {
		s.start(ctx)
	}
	k.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.changed:
			k.Join()
		}
	}
}

// Join puts the joined description in force. It must not be called concurrently, nor while Run runs.
func (k *Keeper) Join() {
	k.mu.Lock()
	table, sources := k.table, k.sources
	texts := map[string][]byte{}
	for name, s := range sources {
		texts[name] = s.text
	}
	k.mu.Unlock()
	if table == nil {
		return
	}
	apis := map[string]*API{}
	for _, r := range table.Routes() {
		if texts[r.Name] == nil {
			continue
		}
		if api, err := k.convert(texts[r.Name], r, table); err == nil { // else the table has changed, and the route forwards none of it
			apis[r.Name] = api
		}
	}
	body, left := k.own.merge(table, apis, k.cfg.Bound)
	k.logLeft(left)
	k.cfg.Put(body)
}

// logLeft warns once of each route whose description does not fit.
func (k *Keeper) logLeft(names []string) {
	now := map[string]bool{}
	for _, name := range names {
		if now[name] = true; !k.left[name] {
			k.cfg.Log.Warn("API description is left out: all of them together are too large", "route", name, "bound_bytes", k.cfg.Bound)
		}
	}
	k.left = now
}

func (k *Keeper) convert(text []byte, r *route.Route, table *route.Table) (*API, error) {
	k.parsing.Lock()
	defer k.parsing.Unlock()
	return Convert(text, r, table, k.cfg.Pages)
}

// accept takes a description from a source that is still in use. The last good one stays if there is an error.
func (k *Keeper) accept(s *source, text []byte, tag string) error {
	k.mu.Lock()
	table := k.table
	k.mu.Unlock()
	api, err := k.convert(text, s.route, table)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sources[s.route.Name] != s {
		return nil
	}
	total := len(text)
	for _, other := range k.sources {
		if other != s {
			total += len(other.text)
		}
	}
	if total > k.cfg.Bound {
		return fmt.Errorf("is too large: all descriptions together may have %d bytes", k.cfg.Bound)
	}
	s.text, s.tag = text, tag
	k.cfg.Log.Info("API description is in force", "route", s.route.Name, "calls", len(api.operations), "left_out", api.leftOut)
	k.dirty()
	return nil
}
