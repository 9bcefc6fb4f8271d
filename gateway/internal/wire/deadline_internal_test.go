package wire

import (
	"sync"
	"testing"
)

func TestADeadlineKeepsItsParts(t *testing.T) {
	t.Parallel()
	const late = 1 << 40 // milliseconds: 35 years
	for name, row := range map[string]struct {
		d                 deadline
		isSet, isIdle     bool
		passed, passedNow bool // a millisecond before, and at the time
		now               int64
		stopped           Stop
	}{
		"none":                 {deadline(0).following(7), false, false, false, false, late, 0},
		"of a use":             {deadlineAt(5), true, false, false, true, 5, 0},
		"of an idle one":       {deadlineAt(5).whileIdle(), true, true, false, true, 5, 0},
		"after many uses":      {deadlineAt(5).following(serialMask), true, false, false, true, 5, 0},
		"of an idle one, then": {deadlineAt(5).whileIdle().following(serialMask - 1), true, true, false, true, 5, 0},
		"far away":             {deadlineAt(late), true, false, false, true, late, 0},
		"timed out":            {deadline(TimedOut), false, false, false, false, late, TimedOut},
		"unwanted":             {deadline(Unwanted), false, false, false, false, late, Unwanted},
	} {
		if row.d.isSet() != row.isSet || row.d.isIdle() != row.isIdle || row.d.stopped() != row.stopped {
			t.Errorf("%s: got set %v, idle %v, stopped %d", name, row.d.isSet(), row.d.isIdle(), row.d.stopped())
		}
		if row.d.passed(row.now-1) != row.passed || row.d.passed(row.now) != row.passedNow {
			t.Errorf("%s: got passed %v before, %v at its time", name, row.d.passed(row.now-1), row.d.passed(row.now))
		}
	}
}

func TestEachUseOfAConnectionHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	var c currentDeadline
	c.set(deadlineAt(9).whileIdle())
	first := c.load()
	c.set(deadlineAt(9).whileIdle())
	if c.load() == first {
		t.Error("two uses have the same deadline")
	}
	if c.stop(first, TimedOut) {
		t.Error("a use was stopped for the one before")
	}
	if !c.stop(c.load(), ClientGone) || c.load().stopped() != ClientGone {
		t.Errorf("got %d, want it stopped", c.load())
	}
}

func TestTheSerialNumbersBeginAgainWithoutTouchingTheRest(t *testing.T) {
	t.Parallel()
	var c currentDeadline
	for range 2 * (serialMask + 1) {
		c.set(deadlineAt(3))
		if d := c.load(); d.isIdle() || d>>serialBits != 3 {
			t.Fatalf("got %x", d)
		}
	}
}

func TestAStoppedConnectionStaysStopped(t *testing.T) {
	t.Parallel()
	var c currentDeadline
	c.stop(c.load(), Draining)
	c.renew(deadlineAt(1))
	if c.set(deadlineAt(1)) || c.set(0) || c.load().stopped() != Draining {
		t.Errorf("got %d", c.load())
	}
}

func TestOnlyADeadlineThatIsThereIsRenewed(t *testing.T) {
	t.Parallel()
	var c currentDeadline
	if c.renew(deadlineAt(8)); c.load().isSet() {
		t.Error("a deadline was made")
	}
	c.set(deadlineAt(4))
	if c.renew(deadlineAt(8)); c.load().passed(4) || !c.load().passed(8) {
		t.Errorf("got %x, want it at 8", c.load())
	}
}

func TestOneOfManyStopsAConnection(t *testing.T) {
	t.Parallel()
	var c currentDeadline
	c.set(deadlineAt(1))
	seen := c.load()
	stopped := make(chan Stop, 8)
	var wg sync.WaitGroup
	for i := range cap(stopped) {
		wg.Go(func() {
			if why := TimedOut - Stop(i%5); c.stop(seen, why) {
				stopped <- why
			}
		})
	}
	wg.Wait()
	close(stopped)
	if len(stopped) != 1 || <-stopped != c.load().stopped() {
		t.Errorf("got %d stops", len(stopped)+1)
	}
}
