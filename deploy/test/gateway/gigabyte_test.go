package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

const (
	gigabyte = 1 << 30
	// mayHold is how much more memory than when idle the gateway may hold while it forwards a large body.
	mayHold = 64 << 20
)

// zeros is a body of n zeros that needs no memory. It calls watch from time to time.
type zeros struct {
	n     int64
	watch func(sent int64)
	sent  int64
}

// Read fills p.
func (z *zeros) Read(p []byte) (int, error) {
	if z.n == z.sent {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n-z.sent)
	clear(p[:n])
	z.sent += n
	if z.watch != nil && z.sent&(1<<26-1) < n {
		z.watch(z.sent)
	}
	return int(n), nil
}

// TestGigabytes: large bodies stream through.
func TestGigabytes(t *testing.T) {
	t.Parallel()
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.CopyBuffer(struct{ io.Writer }{w}, &zeros{n: gigabyte}, make([]byte, 1<<16))
			return
		}
		n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 1<<16))
		_, _ = fmt.Fprint(w, n)
	})
	g := startGateway(t, public("/big", up))
	client := newClient(t)
	idle := g.residentBytes(t)
	var most int64
	watch := func(int64) { most = max(most, g.residentBytes(t)-idle) }

	for _, up := range []struct{ size, length int64 }{{gigabyte, gigabyte}, {gigabyte / 4, -1}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, g.url("/big"), &zeros{n: up.size, watch: watch})
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = up.length
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != fmt.Sprint(up.size) {
			t.Errorf("upload, Content-Length %d: got %q (%v), want %d", up.length, body, err, up.size)
		}
	}
	t.Logf("figure: 1 GiB up by length, 256 MiB in chunks: %.1f MB of memory above idle", float64(most)/1e6)

	resp, err := client.Get(g.url("/big"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got int64
	buffer := make([]byte, 1<<16)
	for next := int64(0); ; {
		n, err := resp.Body.Read(buffer)
		if got += int64(n); got >= next {
			next += 1 << 26
			watch(got)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got != gigabyte {
		t.Errorf("download: got %d bytes, want %d", got, gigabyte)
	}
	t.Logf("figure: and 1 GiB down: %.1f MB of memory above idle", float64(most)/1e6)
	if most >= mayHold {
		t.Errorf("the gateway held %d bytes more than when idle, want under %d", most, int64(mayHold))
	}
}
