package rate_test

import (
	"testing"
	"time"

	"tallygate/kit/rate"
)

func TestRatesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]rate.Rate{
		"100/s": {100, time.Second}, "60 / m": {60, time.Minute}, "999999999/h": {999_999_999, time.Hour},
	} {
		got, ok := rate.Parse(text)
		if !ok || got != want {
			t.Errorf("%s: got %v, %v", text, got, ok)
		}
		if again, ok := rate.Parse(got.String()); !ok || again != want {
			t.Errorf("%s: its text is %s", text, got)
		}
	}
	for _, text := range []string{"", "0/s", "007/s", "-1/s", "1.5/s", "1/d", "1/ss", "1000000000/s", " 1/s", "1/s ", "1/s\n", "1e3/s", "１/s", "1  /s", "/s", "10"} {
		if got, ok := rate.Parse(text); ok {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestLimitsOfRoutesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]rate.Limit{
		"root=10/s:20":          {"root", rate.Rate{Calls: 10, Per: time.Second}, 20},
		"*=60/m":                {"*", rate.Rate{Calls: 60, Per: time.Minute}, 60},
		"a.b-c_d=1/h:999999999": {"a.b-c_d", rate.Rate{Calls: 1, Per: time.Hour}, rate.MaxBurst},
	} {
		got, ok := rate.ParseLimit(text)
		if !ok || got != want {
			t.Errorf("%s: got %+v, %v", text, got, ok)
		}
		if again, ok := rate.ParseLimit(got.String()); !ok || again != want {
			t.Errorf("%s: its text is %s", text, got)
		}
	}
	for _, text := range []string{"", "root", "root=", "=", "root=10/s:", "root=10/s:0", "root=10/s:-1", "root=10/s:x", "root=10/s:1000000000", "root=10/s:5:5", "root=10", "=10/s"} {
		if got, ok := rate.ParseLimit(text); ok {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
