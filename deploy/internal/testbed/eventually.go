package testbed

import (
	"testing"
	"time"
)

const (
	// Patience bounds every wait for something that has to come: far more than is needed, as the machine may be busy.
	Patience = 2 * time.Minute
	pollGap  = 5 * time.Millisecond
)

// Eventually asks again and again until check returns nil, and ends the test when its Patience is over.
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
