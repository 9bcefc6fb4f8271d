package calc

import "math/big"

const (
	// slowBits are enough for every result that does not lie exactly on a rounding boundary. As far as is known, x^y of
	// two float64 never lies closer to a boundary than 2^-180 without lying on it.
	slowBits = 256
	// exactBits are enough to recognise an exact result or a tie. Such a number has 54 bits at most.
	exactBits = 512
	guardBits = 160
)

// powSlow computes x to the y, correctly rounded, in math/big: about a thousand times slower than powFast. It is
// needed once in a billion calls, and for subnormal results and ties. x is positive, y is not 0. Overflow is +Inf.
func powSlow(x, y float64) float64 {
	r := power(x, y, slowBits)
	margin := new(big.Float).SetMantExp(r, -slowBits+32)
	low, _ := new(big.Float).Sub(r, margin).Float64()
	high, _ := new(big.Float).Add(r, margin).Float64()
	if low == high {
		return low
	}
	r = power(x, y, exactBits)
	result, _ := r.SetPrec(exactBits - 64).Float64() // snaps to the tie; the second rounding is then to even
	return result
}

// power is x to the y to about bits bits.
func power(x, y float64, bits uint) *big.Float {
	prec := bits + guardBits
	t := bigLog(newFloat(prec).SetFloat64(x), prec)
	return bigExp(t.Mul(t, newFloat(prec).SetFloat64(y)), prec)
}

func newFloat(prec uint) *big.Float { return new(big.Float).SetPrec(prec) }

// bigLog is ln x = k ln 2 + ln m, with m between 1/√2 and √2.
func bigLog(x *big.Float, prec uint) *big.Float {
	m := newFloat(prec)
	k := x.MantExp(m)
	if m.Cmp(big.NewFloat(0.70710678)) < 0 {
		m.SetMantExp(m, 1)
		k--
	}
	l := lnNearOne(m, prec)
	if k == 0 {
		return l
	}
	return l.Add(l, newFloat(prec).Mul(bigLn2(prec), newFloat(prec).SetInt64(int64(k))))
}

// bigLn2 is ln 2 = 2 ln √2.
func bigLn2(prec uint) *big.Float {
	root := newFloat(prec).Sqrt(newFloat(prec).SetInt64(2))
	l := lnNearOne(root, prec)
	return l.SetMantExp(l, 1)
}

// lnNearOne takes the square root several times, which brings m close to 1. Then it sums the series
// ln r = 2 artanh q, q = (r-1)/(r+1).
func lnNearOne(m *big.Float, prec uint) *big.Float {
	const roots = 16
	r := newFloat(prec).Set(m)
	for range roots {
		r.Sqrt(r)
	}
	one := newFloat(prec).SetInt64(1)
	q := newFloat(prec).Quo(newFloat(prec).Sub(r, one), newFloat(prec).Add(r, one))
	square, term, total := newFloat(prec).Mul(q, q), newFloat(prec).Set(q), newFloat(prec).Set(q)
	for i := int64(3); term.Sign() != 0 && term.MantExp(nil) > total.MantExp(nil)-int(prec); i += 2 {
		term.Mul(term, square)
		total.Add(total, newFloat(prec).Quo(term, newFloat(prec).SetInt64(i)))
	}
	return total.SetMantExp(total, roots+1)
}

// bigExp is e^t = 2^n e^r: the Taylor series of r/2^halvings, then as many squarings.
func bigExp(t *big.Float, prec uint) *big.Float {
	const halvings = 16
	ln2 := bigLn2(prec)
	whole, _ := newFloat(prec).Quo(t, ln2).Int64()
	r := newFloat(prec).Sub(t, newFloat(prec).Mul(ln2, newFloat(prec).SetInt64(whole)))
	r.SetMantExp(r, -halvings)
	total, term := newFloat(prec).SetInt64(1), newFloat(prec).SetInt64(1)
	for i := int64(1); term.Sign() != 0 && term.MantExp(nil) > -int(prec); i++ {
		term.Quo(term.Mul(term, r), newFloat(prec).SetInt64(i))
		total.Add(total, term)
	}
	for range halvings {
		total.Mul(total, total)
	}
	return total.SetMantExp(total, int(whole))
}
