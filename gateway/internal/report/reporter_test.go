package report_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/report"
)

func TestTheStateIsReportedEvery5Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		begun := time.Now()
		var at []time.Duration
		b.answer = func(context.Context) error { at = append(at, time.Since(begun)); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		b.Run(ctx)
		if want := []time.Duration{0, 5 * time.Second, 10 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("reported at %v, want %v", at, want)
		}
		if b.log.Len() > 0 {
			t.Errorf("logged: %s", &b.log)
		}
	})
}

func TestAReportWithoutAResponseIsGivenUpSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.answer = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		begun := time.Now()
		b.Once(t.Context())
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		logged := b.log.Len()
		newer := newBench()
		newer.answer = b.answer
		newer.Once(ctx)
		if logged == 0 || newer.log.Len() > 0 {
			t.Errorf("a silent auth-service logs %q, the end of the gateway %q", &b.log, &newer.log)
		}
	})
}

func TestAFailureIsLoggedOnceAndItsEndToo(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.answer = func(context.Context) error { return authclient.ErrUnavailable }
	for range 5 {
		b.next(t)
	}
	b.answer = func(context.Context) error { return &authclient.RefusedError{Status: 422} }
	b.next(t)
	if got := b.lines("is not reported"); got != 1 || len(b.bodies) != 6 {
		t.Errorf("%d lines after %d reports: %s", got, len(b.bodies), &b.log)
	}
	b.answer = nil
	b.next(t)
	b.next(t)
	if got := b.lines("is reported again"); got != 1 {
		t.Errorf("%d lines: %s", got, &b.log)
	}
}

func TestAnOlderAuthServiceIsAskedEvery10Minutes(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.answer = func(context.Context) error { return fmt.Errorf("%w: status 404", authclient.ErrNoCall) }
	for range 240 { // 20 minutes
		b.state.Edge.Calls.Add(calls(1, 0, 0))
		b.next(t)
	}
	if got := b.lines("does not know reports"); got != 1 || len(b.bodies) != 2 {
		t.Errorf("%d lines, %d reports: %s", got, len(b.bodies), &b.log)
	}
	b.answer = nil
	b.state.Edge.Calls.Add(calls(1, 0, 0))
	minute, _ := b.next(t)["last_minute"].(map[string]any)
	if len(b.bodies) != 3 || minute["requests"] != 12.0 || b.lines("is reported again") != 1 {
		t.Errorf("after the upgrade: %d reports, %v, %s", len(b.bodies), minute, &b.log)
	}
}

func TestAnAuthServiceThatIsReplacedByAnOlderOneIsNoted(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.answer = func(context.Context) error { return errors.New("away") }
	b.next(t)
	b.answer = func(context.Context) error { return authclient.ErrNoCall }
	b.next(t)
	if b.lines("is not reported") != 1 || b.lines("does not know reports") != 1 {
		t.Errorf("got %s", &b.log)
	}
}

var _ report.AuthService = (*authclient.Client)(nil)
