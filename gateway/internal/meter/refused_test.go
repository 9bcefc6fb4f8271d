package meter_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/meter"
)

func refusing() (bool, error) { return false, &authclient.RefusedError{Status: 422} }

func TestARefusedBatchOfADeadGatewayHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := newLedger(t)
	l.failing(away)
	dead := open(t, dir, l)
	root := dead.Route("root")
	for user := range int64(20_000) { // several segments
		dead.Begin(noon, user+1, 0, root, 1)
	}
	if err := dead.Close(t.Context()); err == nil {
		t.Fatal("Close returned no error without a ledger")
	}
	first := true
	l.failing(func() (bool, error) {
		if first {
			first = false
			return refusing()
		}
		return true, nil
	})
	m, _ := running(t, dir, l)
	within(t, 20*time.Second, "all but the first segment", func() bool { return l.requests() > 15_000 })
	if got := metric(t, m, "tallygate_usage_refused_total"); got != 1 {
		t.Errorf("%v refusals are shown, want 1", got)
	}
	within(t, 40*time.Second, "the first, which is tried again", func() bool { return l.requests() == 20_000 })
}

func TestALedgerThatRefusesEverythingFillsNoDisk(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	dir := t.TempDir()
	now := noon
	m, err := meter.Open(meter.Config{StateDir: dir, Ledger: l, Log: quiet(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	root := m.Route("root")
	l.failing(refusing)
	calls := uint64(0)
	for end := now.Add(6 * time.Hour); now.Before(end); now = now.Add(10 * time.Second) {
		m.Begin(noon, 7, 0, root, 1)
		calls++
		if err := m.Deliver(t.Context()); err == nil {
			t.Fatal("a round returned no error though nothing was taken")
		}
		if why, refused := errors.AsType[*authclient.RefusedError](m.Refusal()); !refused || why.Status != 422 {
			t.Fatalf("the refusal is %v", m.Refusal())
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*", "*.tally")); err != nil || len(files) > 20 {
		t.Errorf("%d files after six hours, %v", len(files), err)
	}
	l.failing(nil)
	now = now.Add(time.Minute)
	for range 2 { // it takes what it had refused, and then the rest
		_ = m.Deliver(t.Context())
	}
	if got := l.requests(); got != calls {
		t.Errorf("got %d calls, want %d", got, calls)
	}
	if why := m.Refusal(); why != nil {
		t.Errorf("all is taken, and the refusal is %v", why)
	}
}

func TestUndeliveredCallsAreKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(t)
		m := open(t, t.TempDir(), l)
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		go m.Run(ctx) //nolint:errcheck // ends with ctx
		l.failing(away)
		root := m.Route("root")
		for n := range int64(30) {
			m.Begin(noon, n%3+1, 0, root, 5)
			time.Sleep(100 * time.Millisecond) // several deliveries fail meanwhile
		}
		time.Sleep(20 * time.Second)
		if got := m.Undelivered(); got != 30 {
			t.Errorf("without a ledger: got %d, want 30", got)
		}
		l.failing(nil)
		time.Sleep(20 * time.Second)
		if got := m.Undelivered(); got != 0 {
			t.Errorf("after the delivery: got %d", got)
		}
	})
}

// metric reads one of the meter's metrics.
func metric(t *testing.T, m *meter.Meter, name string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(m.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			one := f.GetMetric()[0]
			return one.GetGauge().GetValue() + one.GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestWhatIsRefusedIsOfferedAndNotDelivered(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	now := noon
	m, err := meter.Open(meter.Config{StateDir: t.TempDir(), Ledger: l, Log: quiet(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	root := m.Route("root")
	refuse := true
	l.failing(func() (bool, error) {
		if refuse {
			refuse = false
			return refusing()
		}
		return true, nil
	})
	for range 2 {
		now = now.Add(2 * time.Second)
		m.Begin(now, 7, 0, root, 1)
		_ = m.Deliver(t.Context())
	}
	if offered, delivered := m.OfferedUpTo(), m.DeliveredUpTo(); !offered.Equal(now) || !delivered.Equal(noon) {
		t.Errorf("at %s: offered %s, delivered %s", now, offered, delivered)
	}
}

func TestHurryDoesNotWaitForTheNextRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(t)
		m := open(t, t.TempDir(), l)
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		go m.Run(ctx) //nolint:errcheck // ends with ctx
		synctest.Wait()
		m.Begin(noon, 7, 0, m.Route("root"), 1)
		for range 10 {
			m.Hurry()
			time.Sleep(10 * time.Millisecond)
		}
		if got := l.requests(); got != 1 {
			t.Errorf("got %d calls in the ledger, want 1", got)
		}
	})
}
