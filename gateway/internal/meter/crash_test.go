//go:build unix

package meter_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tallygate/gateway/internal/meter"
)

// childEnv makes the test program act as a gateway that counts until it is killed.
const childEnv = "METER_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "count":
		countForever(os.Getenv("METER_TEST_DIR"))
	case "full":
		os.Exit(countOnAFullDisk(os.Getenv("METER_TEST_DIR")))
	}
}

// nowhere is a ledger that takes nothing: the counts have to survive on the disk.
type nowhere struct{}

func (nowhere) Usage(context.Context, []byte) error        { _, err := away(); return err }
func (nowhere) UsageInUnits(context.Context, []byte) error { _, err := away(); return err }
func (nowhere) Release(context.Context, string) error      { _, err := away(); return err }

const childUsers = 5000 // more than a first segment holds

// countForever prints the number of each call before it counts it, and after.
func countForever(dir string) {
	m, err := meter.Open(meter.Config{StateDir: dir, Ledger: nowhere{}, Log: quiet()})
	if err != nil {
		panic(err)
	}
	go m.Run(context.Background()) //nolint:errcheck // killed before it returns
	root := m.Route("root")
	var mark [8]byte
	for n := uint64(1); ; n++ {
		binary.LittleEndian.PutUint64(mark[:], n<<1)
		_, _ = os.Stdout.Write(mark[:])
		call := m.Begin(noon, int64(1+n%childUsers), 0, root, 1)
		binary.LittleEndian.PutUint64(mark[:], n<<1|1)
		_, _ = os.Stdout.Write(mark[:])
		call.End(200, 0, 1)
	}
}

// killed runs a child until it has counted some calls, kills it, and returns how many it had begun and counted.
func killed(t *testing.T, dir string, calls uint64) (begun, done uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=count", "METER_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	var mark [8]byte
	for {
		if _, err := io.ReadFull(in, mark[:]); err != nil {
			break
		}
		n := binary.LittleEndian.Uint64(mark[:])
		begun = max(begun, n>>1)
		if n&1 == 1 {
			done = n >> 1
		}
		if done == calls {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed: it has no other end
	return begun, done
}

func TestKillMinusNineLosesNoCallAndDoublesNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var begun, done uint64
	for round := range uint64(6) {
		b, d := killed(t, dir, 700+2311*round)
		begun, done = begun+b, done+d
	}
	// Two gateways start at once. Each folder of a dead one is delivered by one of them.
	l := newLedger(t)
	first, _ := running(t, dir, l)
	second, _ := running(t, dir, l)
	<-first.Adopted()
	<-second.Adopted()
	within(t, 15*time.Second, "all six folders are delivered", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.released) == 6 })
	if got := l.requests(); got < done || got > begun {
		t.Errorf("counted %d, but %d were done and %d begun", got, done, begun)
	}
	within(t, 5*time.Second, "only the two living folders are left", func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		return err == nil && len(left) == 2
	})
}

func TestALivingGatewaysFolderIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	living := newLedger(t)
	living.failing(away)
	m, _ := running(t, dir, living)
	m.Begin(noon, 1, 0, m.Route("root"), 1)
	l := newLedger(t)
	other, _ := running(t, dir, l)
	<-other.Adopted()
	if got := l.requests(); got != 0 {
		t.Errorf("delivered %d calls of a living gateway", got)
	}
}

// countOnAFullDisk acts as a gateway in a process that may first not make files longer than a few bytes, and then may.
func countOnAFullDisk(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit) != nil {
		return 2
	}
	small := limit
	small.Cur = 1000
	if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small) != nil {
		return 3
	}
	m, err := meter.Open(meter.Config{StateDir: dir, Ledger: nowhere{}, Log: quiet()})
	if err != nil {
		return 4
	}
	root := m.Route("root")
	for user := range int64(10_000) { // outgrows a segment on the way
		m.Begin(noon, user+1, 0, root, 1).End(200, 0, 1)
	}
	if inMemory(m) != 1 {
		return 5
	}
	if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) != nil {
		return 6
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	go m.Run(ctx) //nolint:errcheck // ends with the process
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for inMemory(m) != 0 {
		select {
		case <-ctx.Done():
			return 7
		case <-tick.C:
		}
	}
	m.Begin(noon, 1, 0, root, 1)
	return 0 // without closing, as if killed
}

func TestADiskWithoutRoomFailsNoCallAndGetsWhatWasCountedWhenItHasRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=full", "METER_TEST_DIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := newLedger(t)
	m, _ := running(t, dir, l)
	<-m.Adopted()
	if got := l.requests(); got != 10_001 {
		t.Errorf("got %d calls, want 10001", got)
	}
}
