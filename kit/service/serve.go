package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tallygate/kit/httpd"
	"tallygate/kit/memory"
)

// Server is what listens: *http.Server is one.
type Server interface {
	Serve(net.Listener) error
	// Shutdown stops accepting, lets what is in flight finish, and returns when it has or when ctx ends.
	Shutdown(context.Context) error
}

// Listener is one that a service has beside the public and the private one.
type Listener struct {
	Name   string // of the setting with its address
	Addr   string
	Server Server
}

// Config is a service ready to run.
type Config struct {
	Addr   string
	Public Server

	// More listen, stop and drain together with Public.
	More []Listener

	PrivateAddr string
	// Private adds routes to the private listener beside /livez, /readyz and /metrics. It may be nil.
	Private *http.ServeMux
	Metrics prometheus.Gatherer

	Readiness *httpd.Readiness
	// Stopping, if set, is called when the service begins to stop, before Settle.
	Stopping func()
	// Settle is how long the service still accepts connections after it is no longer ready. A load balancer needs that
	// long to notice.
	Settle time.Duration
	// Drain is how long requests in flight may take to finish after that.
	Drain time.Duration
	Log   *slog.Logger
	// Ready, if set, gets the addresses when both listeners are open; tests use it.
	Ready func(public, private net.Addr)
}

// Run sets the Go runtime's memory limit and serves until ctx ends. Then it is no longer ready, waits for Settle, stops accepting and drains. It returns nil
// after a clean stop. If it cannot listen on an address, the error names it.
func Run(ctx context.Context, cfg Config) error {
	memory.Apply(cfg.Log)
	public, err := listen(ctx, "ADDR", cfg.Addr)
	if err != nil {
		return err
	}
	defer public.Close()
	private, err := listen(ctx, "PRIVATE_ADDR", cfg.PrivateAddr)
	if err != nil {
		return err
	}
	defer private.Close()

	mux := cfg.Private
	if mux == nil {
		mux = http.NewServeMux()
	}
	mux.Handle("GET /livez", httpd.Live())
	mux.Handle("GET /readyz", cfg.Readiness.Private())
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{}))
	privateServer := httpd.NewServer(withProblems(mux), cfg.Log)

	more, err := listenMore(ctx, cfg.More)
	if err != nil {
		return err
	}
	defer closeAll(more)
	ended := make(chan error, 2+len(more))
	go func() { ended <- fmt.Errorf("public listener: %w", cfg.Public.Serve(public)) }()
	go func() { ended <- fmt.Errorf("private listener: %w", privateServer.Serve(private)) }()
	listening := []any{"addr", public.Addr().String(), "private_addr", private.Addr().String()}
	for i, l := range more {
		go func() { ended <- fmt.Errorf("%s: %w", cfg.More[i].Name, cfg.More[i].Server.Serve(l)) }()
		listening = append(listening, strings.ToLower(cfg.More[i].Name), l.Addr().String())
	}
	cfg.Log.Info("listening", listening...)
	if cfg.Ready != nil {
		cfg.Ready(public.Addr(), private.Addr())
	}

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	cfg.stopping()
	pause(ended, cfg.Settle)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Drain)
	defer cancel()
	err = cfg.shutdown(drain)
	// The private listener closes last, so that metrics and health can be read to the end. Its long polls are cut.
	if closeErr := privateServer.Close(); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		cfg.Log.Warn("stopped with requests in flight", "drain", cfg.Drain.String())
		return nil
	}
	return err
}

// stopping says everywhere that the service is about to stop.
func (cfg *Config) stopping() {
	cfg.Readiness.Drain()
	if cfg.Stopping != nil {
		cfg.Stopping()
	}
	cfg.Log.Info("stopping", "settle", cfg.Settle.String(), "drain", cfg.Drain.String())
}

// shutdown drains the public listeners.
func (cfg *Config) shutdown(ctx context.Context) error {
	errs := make([]error, 1+len(cfg.More))
	var draining sync.WaitGroup
	draining.Go(func() { errs[0] = cfg.Public.Shutdown(ctx) })
	for i, l := range cfg.More {
		draining.Go(func() { errs[1+i] = l.Server.Shutdown(ctx) })
	}
	draining.Wait()
	return errors.Join(errs...)
}

func listenMore(ctx context.Context, wanted []Listener) ([]net.Listener, error) {
	var more []net.Listener
	for _, w := range wanted {
		l, err := listen(ctx, w.Name, w.Addr)
		if err != nil {
			closeAll(more)
			return nil, err
		}
		more = append(more, l)
	}
	return more, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

func listen(ctx context.Context, name, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// pause waits, but not longer than until a listener ends.
func pause(ended <-chan error, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ended: //nolint:errcheck // the service is stopping anyway
	case <-timer.C:
	}
}
