package calc

import "math"

// ln2 in three parts, about 160 bits.
const (
	ln2Hi  = 0x1.62e42fefa39efp-1
	ln2Mid = 0x1.abc9e3b39803fp-56
	ln2Lo  = 0x1.7b57a079a1934p-111
)

// fastErr bounds the relative error of powFast. The largest possible error is some 10 bits smaller.
const fastErr = 0x1p-80

// powFast computes x to the y in double-double. ok is false where the error may reach across a rounding boundary, or
// where the result is not well inside the normal numbers. x is positive and not 1, y is not 0.
func powFast(x, y float64) (result float64, ok bool) {
	t := log(x)
	p := product(y, t.hi)
	t = fastSum(p.hi, p.lo+float64(y*t.lo))
	if !(math.Abs(t.hi) < 700) {
		return 0, false
	}
	n := math.RoundToEven(t.hi / ln2Hi)
	e := expm1(reduce(t, n))
	r := dd{1, 0}.add(e)
	err := r.hi * fastErr
	if low, high := r.hi+(r.lo-err), r.hi+(r.lo+err); low != high {
		return 0, false
	}
	return math.Ldexp(r.hi, int(n)), true
}

// reduce is t - n*ln2, for whole n of at most 11 bits.
func reduce(t dd, n float64) dd {
	a, b := product(-n, ln2Hi), product(-n, ln2Mid)
	r := sum(t.hi, a.hi) // nearly cancels
	r = dd{r.hi, 0}.add(dd{r.lo, 0}).add(dd{t.lo, 0}).add(dd{a.lo, 0}).add(b)
	return r.add(dd{float64(-n * ln2Lo), 0})
}

// expm1 is e^r - 1 with its relative precision, for |r| <= 0.35: the Taylor series of r/256, then eight doublings by
// e^2s - 1 = (e^s - 1) * (e^s - 1 + 2).
func expm1(r dd) dd {
	const doublings = 8
	r = r.scale(1.0 / (1 << doublings))
	s := inverseFactorials[len(inverseFactorials)-1]
	for i := len(inverseFactorials) - 2; i >= 0; i-- {
		s = s.mul(r).add(inverseFactorials[i])
	}
	p := s.mul(r)
	for range doublings {
		p = p.mul(dd{2, 0}.add(p))
	}
	return p
}

// inverseFactorials are 1/1! to 1/11!.
var inverseFactorials = [...]dd{ //nolint:gochecknoglobals // a constant that Go has no constant for
	{1, 0},
	{0.5, 0},
	{0x1.5555555555555p-3, 0x1.5555555555555p-57},
	{0x1.5555555555555p-5, 0x1.5555555555555p-59},
	{0x1.1111111111111p-7, 0x1.1111111111111p-63},
	{0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65},
	{0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-73},
	{0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-76},
	{0x1.71de3a556c734p-19, -0x1.c154f8ddc6cp-73},
	{0x1.27e4fb7789f5cp-22, 0x1.cbbc05b4fa99ap-76},
	{0x1.ae64567f544e4p-26, -0x1.c062e06d1f209p-80},
}

// log is the natural logarithm of a positive x: a guess by math.Log, made exact by one Newton step in double-double.
// The last bit of the guess may differ from one processor to another. The rounded power does not: fastErr covers what is
// left of the difference.
func log(x float64) dd {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = m*2, k-1
	}
	guess := math.Log(m)
	// m = 1 + d exactly; m * e^-guess = 1 + z with a tiny z; log m = guess + z - z²/2 + …
	d, e := dd{m - 1, 0}, expm1(dd{-guess, 0})
	z := d.add(e).add(d.mul(e))
	l := dd{guess, 0}.add(z).add(z.mul(z).scale(-0.5))
	if k == 0 {
		return l
	}
	a, b := product(float64(k), ln2Hi), product(float64(k), ln2Mid)
	return a.add(b).add(l)
}
