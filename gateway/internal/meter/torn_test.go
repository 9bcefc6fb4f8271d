package meter_test

import (
	"os"
	"path/filepath"
	"testing"

	"tallygate/gateway/internal/meter"
)

// abandoned makes the folder of a dead gateway that could not deliver, with one call of each user from 1 to users.
// It returns the path of its segment.
func abandoned(t *testing.T, dir string, users int64) string {
	t.Helper()
	l := newLedger(t)
	l.failing(away)
	m := open(t, dir, l)
	root := m.Route("root")
	for user := range users {
		m.Begin(noon, user+1, 0, root, 1).End(200, 0, 1)
	}
	if err := m.Close(t.Context()); err == nil {
		t.Fatal("Close returned no error without a ledger")
	}
	files, err := filepath.Glob(filepath.Join(dir, m.Instance(), "*.tally"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files[0]
}

const headerBytes, rowBytes = 4096, 64

func TestWhatAPowerFailureLeavesIsReadAsFarAsItIsWhole(t *testing.T) {
	t.Parallel()
	garbage := make([]byte, rowBytes)
	for i := range garbage {
		garbage[i] = byte(0xa5 + i)
	}
	for name, row := range map[string]struct {
		spoil func(f *os.File) error
		want  uint64
	}{
		"nothing is torn":                      {func(*os.File) error { return nil }, 100},
		"the header was never written":         {func(f *os.File) error { _, err := f.WriteAt(make([]byte, headerBytes), 0); return err }, 100},
		"half of the header is another file's": {func(f *os.File) error { _, err := f.WriteAt(garbage, 20); return err }, 100},
		"the file was cut after fifty rows":    {func(f *os.File) error { return f.Truncate(headerBytes + 50*rowBytes + 17) }, 50},
		"the file was cut within the header":   {func(f *os.File) error { return f.Truncate(300) }, 0},
		"the file is empty":                    {func(f *os.File) error { return f.Truncate(0) }, 0},
		"a block of rows reads as zeros": {func(f *os.File) error {
			_, err := f.WriteAt(make([]byte, 8*rowBytes), headerBytes+8*rowBytes)
			return err
		}, 92},
		"a row is from before there were computers": {func(f *os.File) error { _, err := f.WriteAt([]byte{1, 0, 0, 0}, headerBytes+8); return err }, 99},
		"a row counts more than there ever was":     {func(f *os.File) error { _, err := f.WriteAt([]byte{0xff}, headerBytes+24+7); return err }, 99},
		"a row is of a key that there cannot be":    {func(f *os.File) error { _, err := f.WriteAt([]byte{0xff}, headerBytes+16+7); return err }, 99},
		"a row is another file's":                   {func(f *os.File) error { _, err := f.WriteAt(garbage, headerBytes+3*rowBytes); return err }, 99},
		"a row's key was written, its counts not":   {func(f *os.File) error { _, err := f.WriteAt(make([]byte, 48), headerBytes+16); return err }, 99},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f, err := os.OpenFile(abandoned(t, dir, 100), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := row.spoil(f); err != nil {
				t.Fatal(err)
			}
			l := newLedger(t)
			m, _ := running(t, dir, l)
			<-m.Adopted()
			if got := l.requests(); got != row.want {
				t.Errorf("got %d calls, want %d", got, row.want)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 {
				t.Errorf("left: %v %v", left, err)
			}
		})
	}
}

func TestASegmentOfAnotherVersionIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := abandoned(t, dir, 3)
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, meter.OtherVersion(page), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLedger(t)
	m, stop := running(t, dir, l)
	m.Begin(noon, 9, 0, m.Route("root"), 1)
	within(t, delivery, "our own calls are delivered", func() bool { return l.requests() == 1 })
	stop()
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestARouteWhoseNameIsLostCountsAsUnknown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := abandoned(t, dir, 3)
	names := filepath.Join(filepath.Dir(file), "routes")
	if err := os.Truncate(names, 12); err != nil {
		t.Fatal(err)
	}
	l := newLedger(t)
	m, _ := running(t, dir, l)
	<-m.Adopted()
	if got := l.at(2, "unknown", noon); got != (sums{Requests: 1, Units: 1, BytesOut: 1}) {
		t.Errorf("got %+v", got)
	}
}
