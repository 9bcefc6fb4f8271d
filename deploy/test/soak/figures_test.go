//go:build soak && linux

package soak_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// sample is what was measured at one time, by name.
type sample struct {
	at      time.Time
	values  map[string]float64
	signIns float64
}

// take measures everything once.
func take(t *testing.T, c *cluster.Cluster, l *load) sample {
	t.Helper()
	s := sample{at: time.Now(), values: map[string]float64{}, signIns: float64(l.signIns.Load())}
	for service, replicas := range map[string][]*cluster.Process{"gateway": c.Gateways, "auth-service": c.Auths, "math-service": c.Maths} {
		for i, p := range replicas {
			name := service + " " + strconv.Itoa(i+1) + " "
			memory, err := testbed.ResidentMemory(p.PID())
			if err != nil {
				t.Fatal(err)
			}
			s.values[name+"memory (bytes)"] = float64(memory)
			s.values[name+"goroutines"] = p.Metric(t, "go_goroutines", "")
			s.values[name+"descriptors"] = p.Metric(t, "process_open_fds", "")
			if service == "gateway" {
				s.values[name+"connections"] = p.Metric(t, "tallygate_gateway_connections", "")
			}
		}
	}
	s.values["STATE_DIR (bytes)"] = size(t, c.StateDir)
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		for _, part := range []string{"", "-wal", "-shm"} {
			s.values[database] += size(t, path+part)
		}
	}
	return s
}

const database = "database (bytes)"

// size is that of a file, or of all files in a folder. What is not there has none.
func size(t *testing.T, folder string) float64 {
	t.Helper()
	sum := int64(0)
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return skipGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return skipGone(err)
		}
		sum += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return float64(sum)
}

// skipGone forgives that a file has been removed meanwhile.
func skipGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// figure is how one value went.
type figure struct {
	name                                  string
	first, last, growth, allowed, perHour float64
}

// bytesOfASignIn is what the database may keep of each: a session, its tokens and an entry of the audit log.
const bytesOfASignIn = 2 << 10

// figures are those of the last two thirds of the samples. In the first third caches fill.
func figures(all []sample) (found []figure) {
	rest := all[len(all)/3:]
	first, last := rest[0], rest[len(rest)-1]
	length := last.at.Sub(first.at)
	for _, name := range slices.Sorted(maps.Keys(last.values)) {
		slope, mean := line(rest, name)
		f := figure{name: name, first: all[0].values[name], last: last.values[name], growth: slope * length.Seconds(), perHour: slope * 3600}
		switch {
		case name == database:
			f.allowed = (last.signIns-first.signIns)*bytesOfASignIn + 4<<20
		case strings.HasSuffix(name, "(bytes)"):
			f.allowed = mean/10 + 2<<20
		default:
			f.allowed = mean/20 + 8
		}
		found = append(found, f)
	}
	return found
}

// line is the slope in a second of the line that fits the samples best, and their mean.
func line(all []sample, name string) (slope, mean float64) {
	n := float64(len(all))
	var meanX, meanY float64
	for _, s := range all {
		meanX += s.at.Sub(all[0].at).Seconds() / n
		meanY += s.values[name] / n
	}
	var xy, xx float64
	for _, s := range all {
		x := s.at.Sub(all[0].at).Seconds() - meanX
		xy += x * (s.values[name] - meanY)
		xx += x * x
	}
	return xy / xx, meanY
}
