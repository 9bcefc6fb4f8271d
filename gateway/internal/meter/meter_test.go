package meter_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/meter"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestACallIsInTheLedgerWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	m, _ := running(t, t.TempDir(), l)
	root := m.Route("root")
	m.Begin(noon, 7, 0, root, 1).End(200, 10, 90)
	m.Begin(noon, 7, 0, root, 1).End(404, 0, 5)
	m.Begin(noon.Add(time.Minute), 7, 0, root, 1).End(502, 1, 0)
	m.RateLimited(noon, 7, 0, root)
	m.Begin(noon, 8, 0, m.Route("files"), 1)
	want := sums{Requests: 3, Units: 3, ClientErrors: 1, ServerErrors: 1, RateLimited: 1, BytesIn: 11, BytesOut: 95}
	within(t, 2*time.Second, "the calls are in the ledger", func() bool { return l.at(7, "root", noon) == want })
	if got := l.at(8, "files", noon); got != (sums{Requests: 1, Units: 1}) {
		t.Errorf("the other user: got %+v", got)
	}
}

func TestACallCountsInTheHourInWhichItBegan(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	m := open(t, t.TempDir(), l)
	root := m.Route("root")
	before := m.Begin(noon.Add(-time.Nanosecond), 1, 0, root, 1)
	m.Begin(noon, 1, 0, root, 1).End(200, 0, 1)
	before.End(200, 0, 2)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.at(1, "root", noon.Add(-time.Hour)); got != (sums{Requests: 1, Units: 1, BytesOut: 2}) {
		t.Errorf("the hour before: got %+v", got)
	}
	if got := l.at(1, "root", noon); got != (sums{Requests: 1, Units: 1, BytesOut: 1}) {
		t.Errorf("the hour: got %+v", got)
	}
}

func TestWritersAndDeliveryAtOnceLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	const writers, calls, users = 8, 10_000, 7_000
	l := newLedger(t)
	n := 0
	l.failing(func() (bool, error) { // every second response is lost after the ledger has added the batch
		if n++; n%2 == 0 {
			return true, authclient.ErrUnavailable
		}
		return n%3 != 0, map[bool]error{true: authclient.ErrUnavailable}[n%3 == 0]
	})
	m, stop := running(t, t.TempDir(), l)
	root := m.Route("root")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range calls {
				m.Begin(noon, int64(1+(i*(w+1))%users), 0, root, 1).End(500, 1, 2)
			}
		})
	}
	wg.Wait()
	stop()
	l.failing(nil)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got sums
	for _, s := range l.cells {
		got.Requests += s.Requests
		got.ServerErrors += s.ServerErrors
		got.BytesIn += s.BytesIn
		got.BytesOut += s.BytesOut
	}
	if want := (sums{Requests: writers * calls, ServerErrors: writers * calls, BytesIn: writers * calls, BytesOut: 2 * writers * calls}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhatIsSealedNeverChanges(t *testing.T) {
	t.Parallel()
	m := open(t, t.TempDir(), newLedger(t))
	m.Begin(noon, 1, 0, m.Route("root"), 1)
	if m.CountTooLate(noon, 1) {
		t.Error("a sealed table takes a call")
	}
}

func TestSealingWithoutPauseLosesNoCall(t *testing.T) {
	t.Parallel()
	const calls = 100_000
	l := newLedger(t)
	m := open(t, t.TempDir(), l)
	root := m.Route("root")
	var writers sync.WaitGroup
	for user := range int64(3) {
		writers.Go(func() {
			for range calls {
				m.Begin(noon, user+1, 0, root, 1)
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		if err := m.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.requests(); got != 3*calls {
		t.Errorf("got %d calls, want %d", got, 3*calls)
	}
}

func TestAnOutageOfTheLedgerTakesABoundedDiskAndLosesNothing(t *testing.T) {
	t.Parallel()
	const users, rounds = 20_000, 6
	l := newLedger(t)
	l.failing(away)
	dir := t.TempDir()
	m, stop := running(t, dir, l)
	root := m.Route("root")
	for range rounds {
		for user := range users {
			m.Begin(noon, int64(user+1), 0, root, 1)
		}
	}
	if got, most := diskUse(t, dir), int64(256*users+256<<10); got > most {
		t.Errorf("%d calls of %d users take %d bytes, more than %d", users*rounds, users, got, most)
	}
	stop()
	l.failing(nil)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.requests(); got != users*rounds {
		t.Errorf("got %d calls, want %d", got, users*rounds)
	}
}

func TestABatchThatTheLedgerRefusesDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	refuse := true
	l.failing(func() (bool, error) {
		if refuse {
			refuse = false
			return false, &authclient.RefusedError{Status: 422}
		}
		return true, nil
	})
	dir := t.TempDir()
	m, stop := running(t, dir, l)
	root := m.Route("root")
	m.Begin(noon, 1, 0, root, 1)
	within(t, 5*time.Second, "the first batch is refused", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return !refuse })
	m.Begin(noon, 2, 0, root, 1)
	within(t, 5*time.Second, "the second batch is delivered", func() bool { return l.at(2, "root", noon).Requests == 1 })
	stop()
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The folder is left to the next gateway, which tries again.
	next, _ := running(t, dir, l)
	<-next.Adopted()
	if got := l.at(1, "root", noon).Requests; got != 1 {
		t.Errorf("the refused call: got %d, want 1", got)
	}
}

func TestACleanEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	dir := t.TempDir()
	m, stop := running(t, dir, l)
	m.Begin(noon, 1, 0, m.Route("root"), 1).End(200, 0, 0)
	stop()
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if len(l.released) != 1 || l.released[0] != m.Instance() {
		t.Errorf("released: %v", l.released)
	}
}

func TestAStateDirThatCannotBeAFolderIsAnErrorByName(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := meter.Open(meter.Config{StateDir: file, Ledger: newLedger(t), Log: quiet()})
	if err == nil || err.Error()[:10] != "STATE_DIR:" {
		t.Errorf("got %v", err)
	}
}

func diskUse(t testing.TB, dir string) (total int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.tally"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	return total
}
