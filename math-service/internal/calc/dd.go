package calc

import "math"

// dd is an unevaluated sum of two float64 with |lo| at most half a unit in the last place of hi: about 106 bits.
//
// Every product that is added to something is wrapped in float64(), because Go may fuse x*y+z on some processors
// (language specification, floating-point operators), and results have to be the same on all of them.
type dd struct{ hi, lo float64 }

// fastSum is a + b exactly, if |a| >= |b| or a is 0.
func fastSum(a, b float64) dd {
	s := a + b
	return dd{s, b - (s - a)}
}

// sum is a + b exactly.
func sum(a, b float64) dd {
	s := a + b
	v := s - a
	return dd{s, (a - (s - v)) + (b - v)}
}

// product is a * b exactly, where nothing underflows.
func product(a, b float64) dd {
	p := float64(a * b)
	return dd{p, math.FMA(a, b, -p)}
}

func (a dd) add(b dd) dd {
	s, t := sum(a.hi, b.hi), sum(a.lo, b.lo)
	s = fastSum(s.hi, s.lo+t.hi)
	return fastSum(s.hi, s.lo+t.lo)
}

func (a dd) mul(b dd) dd {
	p := product(a.hi, b.hi)
	return fastSum(p.hi, p.lo+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

// scale multiplies by a power of two, exactly.
func (a dd) scale(p float64) dd { return dd{float64(a.hi * p), float64(a.lo * p)} }
