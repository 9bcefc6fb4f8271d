package calc_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"tallygate/math-service/internal/calc"
)

func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0": 0, "88": 88, "-88": -88, "+88": 88, "0.88": 0.88, ".5": 0.5, "5.": 5, "1e3": 1000, "1E+3": 1000, "1.5e-3": 0.0015,
		"007": 7, "1e308": 1e308, "1e-400": 0, "4.9e-324": 5e-324, strings.Repeat("9", 300): 1e300,
	} {
		if got, err := calc.ParseNumber(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := calc.ParseNumber("-0"); err != nil || !math.Signbit(got) {
		t.Errorf("-0: got %v, %v, want a negative zero", got, err)
	}
}

func TestTextThatIsNotADecimalNumberIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "x", "1x", "x1", " 1", "1 ", "1\n", "1\t", "1\x00", "Inf", "inf", "-Infinity", "NaN", "nan", "0x1p4", "0x10",
		"1_000", "1,000", "1'000", "0b1", "0o7", ".", "-", "+", "e", "1e", "1e+", ".e1", "--1", "+-1", "1.2.3", "1e1e1", "1e1.5",
		"1/2", "1+1", "١٢", "１２", "½", "1\u00a0000", "∞", "1f", "1d", "true", "null", `"1"`,
	} {
		if got, err := calc.ParseNumber(text); !errors.Is(err, calc.ErrNotANumber) {
			t.Errorf("%q: got %v, %v, want ErrNotANumber", text, got, err)
		}
	}
	for _, text := range []string{"1e400", "-1e400", "1e309", strings.Repeat("9", 400)} {
		if got, err := calc.ParseNumber(text); !errors.Is(err, calc.ErrOutOfRange) {
			t.Errorf("%q: got %v, %v, want ErrOutOfRange", text, got, err)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"88", "0.88", "-1e-3", "1e400", "0x1p4", "1_0", "Inf", ".5", "5.", "\u0661"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := calc.ParseNumber(text)
		want, strict := strconv.ParseFloat(text, 64)
		switch {
		case err == nil && (strict != nil || math.Float64bits(got) != math.Float64bits(want)):
			t.Errorf("%q: got %v, want %v, %v", text, got, want, strict)
		case err == nil && (math.IsInf(got, 0) || math.IsNaN(got) || strings.ContainsAny(text, "xX_pPiInN \t\n")):
			t.Errorf("%q was taken as %v", text, got)
		}
	})
}
