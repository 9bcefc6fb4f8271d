package calc

import (
	"errors"
	"math"
)

// Why a power has no value that a float64 can hold.
var (
	ErrZeroToNegative       = errors.New("zero to a negative power")
	ErrNegativeToFractional = errors.New("negative number to a fractional power")
	ErrOverflow             = errors.New("result too large")
)

// Power is number to the power n, correctly rounded (IEEE 754-2019 section 9.2, pow), with the same bits on every
// processor. A result too small for a normal float64 is subnormal or 0, without error. Both arguments are finite.
func Power(number, n float64) (float64, error) {
	whole := n == math.Trunc(n)
	switch {
	case n == 0 || number == 1:
		return 1, nil
	case number == 0 && n < 0:
		return 0, ErrZeroToNegative
	case number == 0 && whole && math.Mod(n, 2) != 0:
		return number, nil // keeps the sign of a negative zero
	case number == 0:
		return 0, nil
	case number < 0 && !whole:
		return 0, ErrNegativeToFractional
	case number < 0:
		result, err := positivePower(-number, n)
		if math.Mod(n, 2) != 0 {
			result = -result
		}
		return result, err
	}
	return positivePower(number, n)
}

// positivePower is Power of a positive number.
func positivePower(x, y float64) (float64, error) {
	if x == 1 {
		return 1, nil
	}
	if result, ok := powFast(x, y); ok {
		return result, nil
	}
	// Far outside the range, where math/big would have to hold huge exponents, an estimate is enough.
	switch exponent := y * math.Log2(x); {
	case exponent > 1100:
		return 0, ErrOverflow
	case exponent < -1200:
		return 0, nil
	}
	result := powSlow(x, y)
	if math.IsInf(result, 0) {
		return 0, ErrOverflow
	}
	return result, nil
}
