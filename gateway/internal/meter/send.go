package meter

import (
	"context"
	"errors"
	"fmt"

	"tallygate/gateway/internal/authclient"
)

// outgoing is a segment on its way to the ledger: one of this gateway, or a file that a dead one left.
type outgoing struct {
	number  uint64
	rows    func() ([]row, error)
	sent    func() error // the ledger has it
	refused func()       // the ledger refuses it
}

// sendAll delivers an instance's segments, oldest first. It skips a segment that the ledger refuses or that this gateway
// cannot read; skipped says why. Any other failure is err, and the rest is not sent.
func (m *Meter) sendAll(ctx context.Context, instance string, names []string, segments []outgoing) (delivered int, skipped, err error) {
	var reasons []error
	for _, o := range segments {
		err := m.sendOne(ctx, instance, names, o)
		if err == nil {
			delivered++
			continue
		}
		reason := fmt.Errorf("segment %d: %w", o.number, err)
		if _, refused := errors.AsType[*authclient.RefusedError](err); refused {
			m.metrics.refused.Inc()
			o.refused()
		} else if !errors.Is(err, errHeaderForeign) {
			return delivered, errors.Join(reasons...), reason
		}
		reasons = append(reasons, reason)
	}
	return delivered, errors.Join(reasons...), nil
}

func (m *Meter) sendOne(ctx context.Context, instance string, names []string, o outgoing) error {
	rows, err := o.rows()
	if err != nil {
		return err
	}
	if err := m.sendBatch(ctx, instance, o.number, rows, names); err != nil {
		return err
	}
	return o.sent()
}

// sendBatch sends one segment's rows. The ledger expects the numbers of a living gateway without gaps, so this gateway's
// own segments are sent even if they are empty.
func (m *Meter) sendBatch(ctx context.Context, instance string, number uint64, rows []row, names []string) error {
	b := newBatch(instance, number, rows, names)
	if b.rows == 0 && instance != m.instance {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	start := m.cfg.Now()
	deliver := m.cfg.Ledger.Usage
	if b.inUnits {
		deliver = m.cfg.Ledger.UsageInUnits
	}
	err := deliver(ctx, b.json)
	m.metrics.sent(err, b.rows, m.cfg.Now().Sub(start))
	return err
}
