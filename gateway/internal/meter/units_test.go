package meter_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/gateway/internal/meter"
)

// aKey is the id of an API key, and as the ledger reads it.
const (
	aKey     = uint64(1<<63 - 1)
	aKeyText = "9223372036854775807"
)

func TestCallsWithAnAPIKeyAndWhatTheyCostAreCountedApart(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	m := open(t, t.TempDir(), l)
	root := m.Route("root")
	m.Begin(noon, 7, 0, root, 1).End(200, 0, 1)
	m.Begin(noon, 7, aKey, root, 5).End(500, 0, 1)
	m.Begin(noon, 7, aKey, root, 0).End(200, 0, 1)
	m.Begin(noon, 7, 12, root, 0).Cost(1_000_000)
	m.RateLimited(noon, 7, aKey, root)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]sums{
		"":       {Requests: 1, Units: 1, BytesOut: 1},
		aKeyText: {Requests: 2, Units: 5, ServerErrors: 1, RateLimited: 1, BytesOut: 2},
		"12":     {Requests: 1, Units: 1_000_000},
	} {
		if got := l.cells[cell{7, key, "root", noon}]; got != want {
			t.Errorf("key %q: got %+v, want %+v", key, got, want)
		}
	}
}

// oldFolder puts the folder that a gateway of version 1 has left into dir. The bytes are recorded.
func oldFolder(t *testing.T, dir string, change func(segment []byte)) (segment string) {
	t.Helper()
	const recorded, instance = "testdata/version1", "708e6f89-2fc8-4e5a-a506-6b84d67b4021"
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes were recorded on a machine with the other byte order")
	}
	packed, err := os.ReadFile(filepath.Join(recorded, "0000000000000001.tally.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	change(file)
	routes, err := os.ReadFile(filepath.Join(recorded, "routes"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, instance)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	segment = filepath.Join(folder, "0000000000000001.tally")
	for path, content := range map[string][]byte{
		segment: file, filepath.Join(folder, "routes"): routes, filepath.Join(folder, "lock"): nil,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return segment
}

func TestWhatAGatewayOfVersion1LeftIsDelivered(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(segment []byte){
		"as it was":          func([]byte) {},
		"with a torn header": func(segment []byte) { clear(segment[:300]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			segment := oldFolder(t, dir, change)
			l := newLedger(t)
			m, _ := running(t, dir, l)
			<-m.Adopted()
			want := map[cell]sums{
				{7, "", "root", noon}:                 {Requests: 3, Units: 3, ClientErrors: 1, ServerErrors: 1, RateLimited: 1, BytesIn: 11, BytesOut: 95},
				{8, "", "root", noon.Add(-time.Hour)}: {Requests: 1, Units: 1},
			}
			for user := range uint64(20) {
				want[cell{int64(user + 1), "", "files", noon}] = sums{Requests: 1, Units: 1, BytesIn: user, BytesOut: 2 * user}
			}
			for at, sum := range want {
				if got := l.cells[at]; got != sum {
					t.Errorf("%+v: got %+v, want %+v", at, got, sum)
				}
			}
			if len(l.cells) != len(want) {
				t.Errorf("%d rows were delivered, want %d", len(l.cells), len(want))
			}
			if _, err := os.Stat(segment); !os.IsNotExist(err) {
				t.Errorf("the segment is still there: %v", err)
			}
		})
	}
}

// TestASegmentSaysThatItIsOfVersion2: at the place, and under the checksum, by which a gateway of version 1 sees that it
// cannot read it. Such a gateway leaves the file alone.
func TestASegmentSaysThatItIsOfVersion2(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(abandoned(t, t.TempDir(), 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := binary.NativeEndian.Uint32(file[8:]); got != 2 || !bytes.HasPrefix(file, []byte("TALLYSEG")) {
		t.Errorf("version %d in %q", got, file[:16])
	}
}

func TestARowThatIsHalfFullGetsASuccessor(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	m := open(t, t.TempDir(), l)
	root := m.Route("root")
	want := m.Fill(noon, 7, root, 3)
	for range 10 {
		m.Begin(noon, 7, 0, root, 1)
		want++
	}
	want += m.Fill(noon, 7, root, 5) // the successor's counters would wrap, too
	want += m.Fill(noon, 7, root, 5)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.at(7, "root", noon); got != (sums{Requests: want, Units: want}) {
		t.Errorf("got %+v, want %d", got, want)
	}
}

func TestManyWritersFillARowAndLoseNothing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	m := open(t, t.TempDir(), l)
	root := m.Route("root")
	want := uint64(0)
	for range 20 {
		want += m.Fill(noon, 7, root, 500)
		done := make(chan struct{})
		const writers, calls = 4, 1000
		for range writers {
			go func() {
				for range calls {
					m.Begin(noon, 7, 0, root, 1)
				}
				done <- struct{}{}
			}()
		}
		for range writers {
			<-done
		}
		want += writers * calls
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.at(7, "root", noon).Requests; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestAnOldLedgerRefusesKeysAndCostsAndTakesTheRest(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.old = true
	dir := t.TempDir()
	now := noon
	m, err := meter.Open(meter.Config{StateDir: dir, Ledger: l, Log: quiet(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	root := m.Route("root")
	m.Begin(noon, 7, aKey, root, 1)
	if err := m.Deliver(t.Context()); err == nil {
		t.Error("a round returned no error though nothing was taken")
	}
	now = now.Add(10 * time.Second)
	m.Begin(noon, 8, 0, root, 1)
	if err := m.Deliver(t.Context()); err != nil {
		t.Error(err)
	}
	if got := l.at(8, "root", noon); got.Requests != 1 || len(l.cells) != 1 {
		t.Errorf("got %+v", l.cells)
	}
	l.old = false // it is upgraded
	now = now.Add(time.Minute)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.cells[cell{7, aKeyText, "root", noon}]; got != (sums{Requests: 1, Units: 1}) {
		t.Errorf("after the upgrade: got %+v", got)
	}
}
