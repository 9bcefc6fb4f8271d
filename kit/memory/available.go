package memory

import (
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Available is Limit or, where there is none, nine tenths of the machine's memory. It is 0 if that is not known either.
func Available() int64 {
	if bytes, known := Limit(); known {
		return bytes
	}
	of, err := memlimit.FromSystem()
	if err != nil || of > math.MaxInt64 {
		return 0
	}
	return int64(of) / 10 * 9
}
