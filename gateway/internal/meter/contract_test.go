package meter_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"tallygate/kit/internalapi/internalapitest"
)

// described is a ledger that compares each batch with the description of the internal API.
type described struct {
	*ledger

	contract *internalapitest.Contract
}

func (d described) Usage(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/internal/usage", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if err := d.contract.CheckRequest(r, body); err != nil {
		d.t.Errorf("%s\n%v", body, err)
	}
	return d.ledger.Usage(ctx, body)
}

func TestABatchIsAsTheInternalAPIDescribesIt(t *testing.T) {
	t.Parallel()
	contract, err := internalapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(t)
	m := open(t, t.TempDir(), described{l, contract})
	root := m.Route("root")
	m.Begin(time.Now(), 7, root).End(http.StatusOK, 10, 20)
	m.Begin(time.Now(), 7, root).End(http.StatusNotFound, 0, 0)
	m.Begin(time.Now(), 7, root).End(http.StatusBadGateway, 0, 0)
	m.RateLimited(time.Now(), 8, m.Route(`a "strange" name`))
	if err := m.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.requests(); got != 3 {
		t.Errorf("got %d calls, want 3", got)
	}
}
