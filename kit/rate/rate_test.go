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
