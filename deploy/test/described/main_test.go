package described_test

import (
	"os"
	"testing"

	"tallygate/deploy/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Build()
	os.Exit(m.Run())
}
