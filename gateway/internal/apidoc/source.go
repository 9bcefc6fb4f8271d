package apidoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"tallygate/gateway/internal/route"
)

const (
	askEvery     = time.Minute
	readEvery    = 5 * time.Second // of files
	askTimeout   = 5 * time.Second // for all of one description
	firstBackoff = time.Second
	maxProblem   = 300 // bytes of an error, which may quote the description
	maxTag       = 256 // bytes of an ETag
)

// source is where the description of one route comes from.
type source struct {
	keeper *Keeper
	route  *route.Route
	key    string // of what decides which description it is
	cancel context.CancelFunc

	// The last good description, its ETag at the upstream, and what is wrong with the one that is there now. Guarded by the Keeper's lock.
	text    []byte
	tag     string
	problem string
}

func newSource(k *Keeper, r *route.Route) *source {
	return &source{keeper: k, route: r, key: fmt.Sprint(r.Description, r.Upstreams, r.TLS, r.Host)}
}

func (s *source) start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(ctx)
	go s.follow(ctx)
}

func (s *source) stop() {
	if s.cancel != nil {
		s.cancel()
	}
}

// follow asks until ctx ends: soon again after a failure, and less and less often while it lasts.
func (s *source) follow(ctx context.Context) {
	every := askEvery
	if s.route.Description.File != "" {
		every = readEvery
	}
	backoff := firstBackoff
	for {
		wait := every
		if err := s.ask(ctx); err != nil {
			wait, backoff = min(backoff, every), backoff*2
			backoff = min(backoff, askEvery)
			s.failed(ctx, err)
		} else {
			backoff = firstBackoff
			s.succeeded(ctx)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// failed logs a failure that is not the one before.
func (s *source) failed(ctx context.Context, err error) {
	problem := clean(err.Error())
	problem = problem[:min(len(problem), maxProblem)]
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	s.keeper.valid.WithLabelValues(s.route.Name).Set(0)
	if s.problem != problem {
		s.problem = problem
		s.keeper.cfg.Log.Warn("API description cannot be used: the last good one stays in force, if there was one", "route", s.route.Name, "reason", problem)
	}
}

func (s *source) succeeded(ctx context.Context) {
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	s.keeper.valid.WithLabelValues(s.route.Name).Set(1)
	if s.problem != "" {
		s.problem = ""
		s.keeper.cfg.Log.Info("API description can be used again", "route", s.route.Name)
	}
}

// ask gets the description, and puts it in force if it has changed.
func (s *source) ask(ctx context.Context) error {
	select {
	case s.keeper.asking <- struct{}{}:
		defer func() { <-s.keeper.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.keeper.mu.Lock()
	known, tag := s.text, s.tag
	s.keeper.mu.Unlock()
	var text []byte
	var err error
	if file := s.route.Description.File; file != "" {
		text, err = readFile(file)
	} else {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		text, tag, err = s.fetch(ctx, tag)
	}
	switch {
	case errors.Is(err, errNotModified), err == nil && known != nil && bytes.Equal(text, known):
		return nil
	case err != nil:
		return err
	}
	return s.keeper.accept(s, text, tag)
}

var (
	errNotModified = errors.New("has not changed")
	errNotRegular  = errors.New("is no regular file")
)

// fetch asks the upstream for a description other than the one with this ETag.
func (s *source) fetch(ctx context.Context, tag string) (text []byte, newTag string, err error) {
	header := http.Header{
		"Accept":     {"application/json, application/yaml;q=0.9, */*;q=0.1"},
		"User-Agent": {"tallygate-openapi"},
	}
	if tag != "" {
		header.Set("If-None-Match", tag)
	}
	resp, err := s.keeper.cfg.Fetch(ctx, s.route, s.route.Description.Path, header)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && tag != "":
		return nil, tag, errNotModified
	case resp.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("the upstream answers with status %d", resp.StatusCode)
	}
	if newTag = resp.Header.Get("ETag"); len(newTag) > maxTag {
		newTag = ""
	}
	text, err = readBounded(resp.Body)
	return text, newTag, err
}

func readFile(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func readBounded(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		err = errTooLarge
	}
	return text, err
}
