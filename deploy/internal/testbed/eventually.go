package testbed

import (
	"testing"
	"time"
)

const (
	// Patience is the timeout of every wait. It is far longer than needed, because the machine may be busy.
	Patience = 2 * time.Minute
	pollGap  = 5 * time.Millisecond
)

// Eventually calls check until it returns nil. After Patience it ends the test.
func Eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(pollGap)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("waiting for %s: %v", what, err)
		case <-tick.C:
		}
	}
}
