package problem_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"tallygate/kit/problem"
)

func TestTooManyHasTheFieldsOfTheDraft(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	policy := problem.Policy{Name: `a "b"`, Quota: 10, Window: 1500 * time.Millisecond}
	problem.TooMany("too-many", "Wait.", policy, 59*time.Second+time.Nanosecond).Write(w)
	if w.Code != 429 {
		t.Errorf("got status %d", w.Code)
	}
	for name, want := range map[string]string{
		"Retry-After": "60", "RateLimit-Policy": `"a \"b\"";q=10;w=2`, "RateLimit": `"a \"b\"";r=0;t=60`,
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestSecondsAreRoundedUpAndAtLeastOne(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int64{
		-time.Minute: 1, 0: 1, 1: 1, time.Second: 1, time.Second + 1: 2, time.Minute: 60,
	} {
		if got := problem.Seconds(d); got != want {
			t.Errorf("%s: got %d, want %d", d, got, want)
		}
	}
}
