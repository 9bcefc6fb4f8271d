package calc_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"tallygate/math-service/internal/calc"
)

// reference is x to the y to some 300 bits. Its methods are not those of the code under test: the logarithm by Newton's
// method on the exponential, and the exponential by its series after the argument has been halved 20 times.
func reference(x, y float64) *big.Float {
	const prec = 384
	t := newton(new(big.Float).SetPrec(prec).SetFloat64(x), math.Log(x))
	// The last rounding snaps to exact results and to ties, which a series only approaches.
	return series(t.Mul(t, big.NewFloat(y))).SetPrec(256)
}

func newton(x *big.Float, guess float64) *big.Float {
	t := new(big.Float).SetPrec(x.Prec()).SetFloat64(guess)
	for range 2 { // each round triples the good bits: 50, 150, all
		e := series(t)
		// t += 2 (x - e) / (x + e), Halley's form
		num, den := new(big.Float).Sub(x, e), new(big.Float).Add(x, e)
		num.Quo(num, den)
		t.Add(t, num.SetMantExp(num, 1))
	}
	return t
}

func series(t *big.Float) *big.Float {
	const halvings = 20
	prec := t.Prec()
	r := new(big.Float).SetMantExp(t, -halvings)
	total := new(big.Float).SetPrec(prec).SetInt64(1)
	for i := int64(26); i > 0; i-- { // Horner: 1 + r/1 (1 + r/2 (1 + …))
		total.Mul(total, r)
		total.Quo(total, new(big.Float).SetPrec(prec).SetInt64(i))
		total.Add(total, new(big.Float).SetPrec(prec).SetInt64(1))
	}
	for range halvings {
		total.Mul(total, total)
	}
	return total
}

// regimes are the four kinds of arguments that people use.
var regimes = []struct {
	name string
	draw func(*rand.Rand) (x, y float64)
}{
	{"n between 0 and 1", func(r *rand.Rand) (float64, float64) { return r.Float64() * 1e4, r.Float64() }},
	{"n is 1/k", func(r *rand.Rand) (float64, float64) { return r.Float64() * 1e6, 1 / float64(2+r.IntN(60)) }},
	{"bases near 1", func(r *rand.Rand) (float64, float64) {
		return 1 + (r.Float64()-0.5)*math.Pow(10, -float64(r.IntN(12))), (r.Float64() - 0.5) * 1000
	}},
	{"magnitudes 1e-5 to 1e5", func(r *rand.Rand) (float64, float64) {
		return math.Pow(10, r.Float64()*10-5), (r.Float64() - 0.5) * 40
	}},
}

func TestPowersAreCorrectlyRounded(t *testing.T) {
	t.Parallel()
	const inputs = 100_000
	for _, regime := range regimes {
		t.Run(regime.name, func(t *testing.T) {
			t.Parallel()
			workers := runtime.GOMAXPROCS(0)
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(w), 88))
					for range inputs / len(regimes) / workers {
						x, y := regime.draw(r)
						if x <= 0 {
							continue
						}
						checkRounding(t, x, y)
					}
				})
			}
			wg.Wait()
		})
	}
}

func checkRounding(t *testing.T, x, y float64) {
	t.Helper()
	want, _ := reference(x, y).Float64()
	got, err := calc.Power(x, y)
	if math.IsInf(want, 0) {
		if !errors.Is(err, calc.ErrOverflow) {
			t.Errorf("%v ^ %v: got %v, %v, want ErrOverflow", x, y, got, err)
		}
		return
	}
	if err != nil || got != want {
		t.Errorf("%v ^ %v: got %v, %v, want %v", x, y, got, err, want)
	}
}

func TestHardPowersAreCorrectlyRounded(t *testing.T) {
	t.Parallel()
	largest, smallest := math.MaxFloat64, math.SmallestNonzeroFloat64
	for _, row := range []struct{ x, y, want float64 }{
		{88, 0.88, 51.42150122383022},
		{9, 0.5, 3},
		{2, 0.5, math.Sqrt2},
		{8, 1.0 / 3, 2},
		{10, 2, 100},
		{2, 10, 1024},
		{-2, 3, -8},
		{-2, 2, 4},
		{-8, -1, -0.125},
		{123456789, 2, 15241578750190520}, // a tie, to even: …521 lies between …520 and …522
		{134217729, 2, 18014398777917440}, // a tie the other way
		{5, 23, 1.1920928955078125e16},    // exact
		{2, -1074, smallest},
		{2, 1023, 0x1p1023},
		{2, -1022, 0x1p-1022},
		{2, -1074.5, smallest},
		{2, -1075, 0},
		{2, -1075.5, 0},
		{4, -537.25, smallest}, // around the least subnormal
		{1e-300, 1.05, 1e-315},
		{largest, 1, largest},
		{largest, -1, 5.562684646268003e-309},
		{smallest, 1, smallest},
		{smallest, 0.5, 0x1p-537},
		{math.Nextafter(1, 2), 1 << 52, 2.718281828459045},
		{0.5, 2000, 0},
		{1e-308, 1e308, 0},
		{0, 0, 1},
		{0, 5, 0},
		{7, 0, 1},
		{1, 1e308, 1},
		{-1, 1e308, 1},
		{-1, 1<<53 - 1, -1},
		{1, -0.5, 1},
	} {
		if got, err := calc.Power(row.x, row.y); err != nil || got != row.want {
			t.Errorf("%v ^ %v: got %v, %v, want %v", row.x, row.y, got, err, row.want)
		}
	}
	if got, _ := calc.Power(math.Copysign(0, -1), 3); got != 0 || !math.Signbit(got) {
		t.Errorf("(-0) ^ 3: got %v, want -0", got)
	}
}

func TestPowersWithoutAValueSayWhy(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		x, y float64
		want error
	}{
		{0, -1, calc.ErrZeroToNegative},
		{0, -0.5, calc.ErrZeroToNegative},
		{-8, 1.0 / 3, calc.ErrNegativeToFractional},
		{-1, 0.5, calc.ErrNegativeToFractional},
		{10, 309, calc.ErrOverflow},
		{-10, 309, calc.ErrOverflow},
		{2, 1024, calc.ErrOverflow},
		{math.MaxFloat64, math.MaxFloat64, calc.ErrOverflow},
		{1e-308, -1e308, calc.ErrOverflow},
		{math.MaxFloat64, 1.0000000000000002, calc.ErrOverflow},
		{math.SmallestNonzeroFloat64, -1, calc.ErrOverflow},
	} {
		if got, err := calc.Power(row.x, row.y); !errors.Is(err, row.want) {
			t.Errorf("%v ^ %v: got %v, %v, want %v", row.x, row.y, got, err, row.want)
		}
	}
}

func ExamplePower() {
	root, _ := calc.Power(88, 0.88)
	fmt.Println(root)
	// Output: 51.42150122383022
}

func FuzzPower(f *testing.F) {
	f.Add(88.0, 0.88)
	f.Add(123456789.0, 2.0)
	f.Add(-8.0, 1.0/3)
	f.Fuzz(func(t *testing.T, x, y float64) {
		if math.IsNaN(x+y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
			return
		}
		got, err := calc.Power(x, y)
		if math.IsNaN(got) || math.IsInf(got, 0) {
			t.Errorf("%v ^ %v: got %v, %v", x, y, got, err)
		}
		if err == nil && x > 0 && math.Abs(y*math.Log2(x)) < 1000 && y != 0 {
			checkRounding(t, x, y)
		}
	})
}

func BenchmarkPower(b *testing.B) {
	for name, args := range map[string][2]float64{"usual": {88, 0.88}, "tie": {123456789, 2}, "subnormal": {1e-300, 1.05}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = calc.Power(args[0], args[1])
			}
		})
	}
}
