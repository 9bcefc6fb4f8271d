package wire_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestNamesAreFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	names := wire.NewNames([]string{"X-Account", "-odd", "X-User-Id", strings.Repeat("n", 64)})
	for name, want := range map[string]bool{
		"X-Account": true, "x-account": true, "X_ACCOUNT": true, "x.account": true, "X-Accoun": false, "X-Accounts": false, "Y-Account": false,
		"-odd": true, "_ODD": true, ".Odd": true, "odd": false, strings.Repeat("N", 64): true, strings.Repeat("N", 65): false,
		"X-User-Id": false, // its kind says what it is
	} {
		if got := names.Has([]byte(name)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	for _, spelling := range append(spellings("X-Account"), spellings("-odd")...) {
		if !names.Has([]byte(spelling)) {
			t.Errorf("%s is not found", spelling)
		}
	}
	if (*wire.Names)(nil).Has([]byte("X-Account")) {
		t.Error("no set has a name")
	}
}

//nolint:paralleltest // allocations are counted for the whole process
func TestLookingForANameAllocatesNothing(t *testing.T) {
	names := wire.NewNames([]string{"X-Account"})
	field := []byte("X_Account")
	if n := testing.AllocsPerRun(100, func() { names.Has(field) }); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}
