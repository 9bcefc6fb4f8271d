package edge_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/upstream"
)

// meterOf opens a meter that delivers to the ledger.
func meterOf(t *testing.T, l meter.Ledger) *meter.Meter {
	t.Helper()
	m, err := meter.Open(meter.Config{StateDir: t.TempDir(), Ledger: l, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// usage is one row of a batch, or a sum of rows.
type usage struct {
	Requests     int `json:"requests"`
	Units        int `json:"-"`
	ClientErrors int `json:"client_errors"`
	ServerErrors int `json:"server_errors"`
	RateLimited  int `json:"rate_limited"`
	BytesIn      int `json:"bytes_in"`
	BytesOut     int `json:"bytes_out"`
}

// adder is a ledger that adds up all batches.
type adder struct {
	mu  sync.Mutex
	sum usage
}

func (b *adder) Usage(_ context.Context, body []byte) error {
	var batch struct {
		Rows []struct {
			usage
			Units *int `json:"units"`
		}
	}
	if err := json.Unmarshal(body, &batch); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range batch.Rows {
		b.sum.Requests += r.Requests
		if r.Units != nil {
			b.sum.Units += *r.Units
		} else {
			b.sum.Units += r.Requests
		}
		b.sum.ClientErrors += r.ClientErrors
		b.sum.ServerErrors += r.ServerErrors
		b.sum.RateLimited += r.RateLimited
		b.sum.BytesIn += r.BytesIn
		b.sum.BytesOut += r.BytesOut
	}
	return nil
}

func (b *adder) UsageInUnits(ctx context.Context, body []byte) error { return b.Usage(ctx, body) }

func (*adder) Release(context.Context, string) error { return nil }

func TestWhatOfACallIsCounted(t *testing.T) {
	t.Parallel()
	const lines = " HTTP/1.1\r\nHost: a\r\nAuthorization: "
	for name, test := range map[string]struct {
		request string
		quotas  edge.Quotas
		want    func(body string) usage
	}{
		"a response": {"GET /a" + lines + "good\r\n\r\n", nil, func(body string) usage {
			return usage{Requests: 1, Units: 1, BytesOut: len(body)}
		}},
		"the gateway's own response": {"GET /gone" + lines + "good\r\n\r\n", nil, func(body string) usage {
			return usage{Requests: 1, Units: 1, ServerErrors: 1, BytesOut: len(body)}
		}},
		"the gateway's own response to HEAD": {"HEAD /gone" + lines + "good\r\n\r\n", nil, func(string) usage {
			return usage{Requests: 1, Units: 1, ServerErrors: 1}
		}},
		"a quota that is used up": {"GET /a" + lines + "limited\r\n\r\n", spent(), func(string) usage {
			return usage{RateLimited: 1}
		}},
		"a quota that cannot be checked": {
			"GET /a" + lines + "limited\r\n\r\n",
			says{limit.ErrUnchecked},
			func(string) usage { return usage{} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &adder{}
			m := meterOf(t, b)
			a, gone := locked("/a", replica(t, echo)), locked("/gone", "127.0.0.1:1")
			a.Metered, gone.Metered = true, true
			gw := gateWith(t, edge.Config{Meter: m, Quotas: test.quotas}, a, gone)
			c, r := dial(t, gw)
			send(t, c, test.request)
			resp, body := response(t, r, test.request[:4])
			want := test.want(body)
			// The call's end is counted before the connection's next request has its response.
			send(t, c, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
			response(t, r, "GET")
			if err := m.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b.sum != want {
				t.Errorf("response %d: got %+v, want %+v", resp.StatusCode, b.sum, want)
			}
		})
	}
}

func TestWhatIsCutAtTheEndIsCounted(t *testing.T) {
	t.Parallel()
	b := &adder{}
	m := meterOf(t, b)
	begun := make(chan struct{}, 8)
	a := locked("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n0123456789")
		begun <- struct{}{}
		_, _ = io.Copy(io.Discard, r) // and no more of it
	}))
	a.Metered = true
	s, gw := serverWith(t, edge.Config{Meter: m}, upstream.Config{}, a)
	for range 8 {
		c, r := dial(t, gw)
		send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n")
		<-begun
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(over); err == nil {
		t.Error("nothing was cut")
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.sum.Requests != 8 || b.sum.BytesOut != 80 {
		t.Errorf("got %+v, want 8 requests of 10 bytes each", b.sum)
	}
}
