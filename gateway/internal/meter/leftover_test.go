package meter_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhatEndsAfterTheLastDeliveryIsLeftToTheNextGateway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := newLedger(t)
	m := open(t, dir, l)
	root := m.Route("root")
	stream := m.Begin(noon, 1, 0, root, 1)
	l.failing(func() (bool, error) { // it ends while the last batches are on their way
		stream.End(200, 0, 10)
		return true, nil
	})
	if err := m.Close(t.Context()); err == nil {
		t.Error("Close returned no error with a call left")
	}
	if len(l.released) != 0 {
		t.Errorf("the gateway was released with a call left")
	}
	sent := uint64(len(l.batches))
	l.failing(nil)
	next, _ := running(t, dir, l)
	<-next.Adopted()
	if got, want := l.at(1, "root", noon), (sums{Requests: 1, Units: 1, BytesOut: 10 * sent}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestWhatWasLeftIsDeliveredSoon: also if the ledger cannot be reached yet when the gateway starts.
func TestWhatWasLeftIsDeliveredSoon(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := newLedger(t)
	l.failing(away)
	m := open(t, dir, l)
	m.Begin(noon, 1, 0, m.Route("root"), 1).End(200, 0, 10)
	if err := m.Close(t.Context()); err == nil {
		t.Fatal("the ledger took the call")
	}
	tries := 0
	l.failing(func() (bool, error) {
		if tries++; tries < 3 {
			return away()
		}
		return true, nil
	})
	_, _ = running(t, dir, l)
	within(t, 5*time.Second, "the call to be delivered", func() bool { return l.at(1, "root", noon).Requests == 1 })
}

func TestUnfinishedFoldersAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const id = "c0ffee00-0000-4000-8000-00000000000"
	made := func(name string, age time.Duration, files ...string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if err := os.WriteFile(filepath.Join(path, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, empty := made(".new-"+id+"1", time.Hour, "lock"), made(".new-"+id+"2", time.Hour)
	young, foreign := made(".new-"+id+"3", time.Second), made(".newer", time.Hour)
	m, _ := running(t, dir, newLedger(t))
	<-m.Adopted()
	for path, kept := range map[string]bool{old: false, empty: false, young: true, foreign: true} {
		if _, err := os.Stat(path); (err == nil) != kept {
			t.Errorf("%s: got %v, want kept %v", filepath.Base(path), err, kept)
		}
	}
}

func TestAFolderThatAnotherGatewayRemovesIsNoError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := newLedger(t)
	// Siblings look for dead folders without pause while gateways end.
	stop := make(chan struct{})
	siblings := make(chan struct{})
	sibling := open(t, dir, l)
	go func() {
		defer close(siblings)
		for {
			select {
			case <-stop:
				return
			default:
				if err := sibling.Adopt(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for range 200 {
		m := open(t, dir, l)
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-siblings
}
