package follow_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/kit/follow"
)

// source is a Source that a test directs.
type source struct {
	name    string
	changed bool
	err     error
	looks   []bool // forced or not
}

func (s *source) source() follow.Source {
	return follow.Source{Name: s.name, Reload: func(forced bool) (bool, error) {
		s.looks = append(s.looks, forced)
		changed := s.changed
		s.changed = false
		return changed, s.err
	}}
}

func newFollower(log *strings.Builder, sources ...*source) *follow.Follower {
	all := make([]follow.Source, len(sources))
	for i, s := range sources {
		all[i] = s.source()
	}
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return follow.New(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: withoutTime})), all...)
}

func TestEachFailureIsLoggedOnceAndItsEndToo(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	a, b := &source{name: "a"}, &source{name: "b"}
	f := newFollower(&log, a, b)
	one, two := errors.New("one"), errors.New("two")
	for i, step := range []struct {
		err     error
		changed bool
		forced  bool
		want    string
	}{
		{nil, false, false, ""},
		{nil, true, false, "level=INFO msg=\"a reloaded\"\n"},
		{one, false, false, "level=ERROR msg=\"a not reloaded; the old values stay in use\" error=one\n"},
		{one, false, false, ""},
		{one, false, true, "level=ERROR msg=\"a not reloaded; the old values stay in use\" error=one\n"},
		{two, false, false, "level=ERROR msg=\"a not reloaded; the old values stay in use\" error=two\n"},
		{two, false, false, ""},
		{nil, false, false, "level=INFO msg=\"a reloaded\"\n"},
		{nil, false, false, ""},
		{one, true, false, "level=INFO msg=\"a reloaded\"\nlevel=ERROR msg=\"a not reloaded; the old values stay in use\" error=one\n"},
		{nil, true, false, "level=INFO msg=\"a reloaded\"\n"},
	} {
		log.Reset()
		a.err, a.changed = step.err, step.changed
		f.Look(step.forced)
		if got := log.String(); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
	if len(b.looks) != len(a.looks) {
		t.Errorf("the source beside it was looked at %d times of %d", len(b.looks), len(a.looks))
	}
}

func TestRunLooksAtEachIntervalUntilItsContextEnds(t *testing.T) { //nolint:paralleltest // it listens for this process's SIGHUP
	// os/signal starts its one goroutine at the first Notify; that must not be inside the bubble.
	outside := make(chan os.Signal, 1)
	signal.Notify(outside, syscall.SIGHUP)
	defer signal.Stop(outside)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var looks atomic.Int32
		f := follow.New(slog.New(slog.DiscardHandler), follow.Source{Name: "a", Reload: func(bool) (bool, error) {
			looks.Add(1)
			return false, nil
		}})
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.Run(ctx)
		}()
		synctest.Wait()
		if looks.Load() != 0 {
			t.Error("it looks before the first interval has passed")
		}
		for n := int32(1); n <= 3; n++ {
			time.Sleep(follow.Interval) // the bubble's clock, not the machine's
			synctest.Wait()
			if got := looks.Load(); got != n {
				t.Errorf("after %d intervals: got %d looks", n, got)
			}
		}
		cancel()
		<-done
	})
}

func TestASignalLooksAtOnce(t *testing.T) { //nolint:paralleltest // as above
	looked := make(chan bool, 64)
	f := follow.New(slog.New(slog.DiscardHandler), follow.Source{Name: "a", Reload: func(forced bool) (bool, error) {
		if forced {
			looked <- true
		}
		return false, nil
	}})
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // until Run listens, the signal must not end the process
	defer signal.Stop(hup)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for {
		if err := self.Signal(syscall.SIGHUP); err != nil {
			t.Skipf("this system has no such signal: %v", err)
		}
		select {
		case <-looked:
			return
		case <-time.After(10 * time.Millisecond): // Run does not listen yet
		}
	}
}
