package meter_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/gateway/internal/meter"
)

// Whatever is on the disk, the batch that is made of it is one that the ledger accepts.
func FuzzSegment(f *testing.F) {
	row := make([]byte, 3*rowBytes)
	for i := range 3 {
		copy(row[i*rowBytes:], []byte{7, 0, 0, 0, 0, 0, 0, 0, 0xc4, 0x57, 7, 0, byte(i), 0, 0x1e, 0x7a, byte(i)})
	}
	f.Add(row, "root")
	f.Add(row[:100], "a \"strange\" \x00 name")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, file []byte, route string) {
		var batch struct {
			Rows []struct {
				cell
				sums
			} `json:"rows"`
		}
		if err := json.Unmarshal(meter.Batch(file, []string{route}), &batch); err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Rows {
			year := r.Hour.Year()
			if r.User < 1 || year < 2000 || year > 2199 || !r.Hour.Equal(r.Hour.Truncate(time.Hour)) ||
				max(r.Requests, r.ClientErrors, r.ServerErrors, r.RateLimited, r.BytesIn, r.BytesOut) > 1<<53 {
				t.Errorf("%+v", r)
			}
		}
	})
}

// From a file of names that was cut or damaged, the names before the damage are read.
func FuzzRoutes(f *testing.F) {
	f.Add("root", "files", 12)
	f.Add("a\nb", "\"", 0)
	f.Fuzz(func(t *testing.T, first, second string, cut int) {
		dir := t.TempDir()
		m := open(t, dir, newLedger(t))
		want := []string{first, second}[:1+min(int(m.Route(first))+int(m.Route(second)), 1)]
		path := filepath.Join(dir, m.Instance(), "routes")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := meter.Routes(path)
		if err != nil || len(whole) != len(want) || whole[0] != want[0] || whole[len(whole)-1] != want[len(want)-1] {
			t.Errorf("got %q, want %q, %v", whole, want, err)
		}
		if cut < 0 || cut >= len(text) {
			return
		}
		text[cut] ^= 0x20
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if names, err := meter.Routes(path); err != nil || len(names) >= len(whole) {
			t.Errorf("spoiled at %d: got %q, %v", cut, names, err)
		}
	})
}
