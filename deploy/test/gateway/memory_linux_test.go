package gateway_test

import (
	"testing"

	"tallygate/deploy/internal/testbed"
)

// residentBytes is the memory that the program holds.
func (p *process) residentBytes(t *testing.T) int64 {
	t.Helper()
	bytes, err := testbed.ResidentMemory(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
