package problem_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"tallygate/kit/problem"
	"tallygate/kit/token"
)

func TestAProblemHasTheMembersOfTheContract(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	problem.New(422, "number-missing", `The parameter "number" is <missing>.`).RetryAfter(1500 * time.Millisecond).Write(w)
	want := `{"type":"/problems/number-missing","title":"Unprocessable Entity","status":422,` +
		`"detail":"The parameter \"number\" is <missing>.","message":"The parameter \"number\" is <missing>."}`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: %s", got)
	}
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: %s", got)
	}
}

func TestEveryRefusedTokenGetsOneBody(t *testing.T) {
	t.Parallel()
	for cause, challenge := range map[error]string{
		token.ErrMissing: `Bearer`,
		token.ErrInvalid: `Bearer error="invalid_token"`,
		token.ErrExpired: `Bearer error="invalid_token", error_description="expired"`,
	} {
		w := httptest.NewRecorder()
		problem.TokenRefused(cause).Write(w)
		if w.Code != 401 || w.Body.String() != `{"message":"Token is not valid"}` {
			t.Errorf("%v: got %d %s", cause, w.Code, w.Body)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != challenge {
			t.Errorf("%v: got challenge %s, want %s", cause, got, challenge)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%v: Content-Type %s", cause, got)
		}
	}
}

func TestAProblemThatIsSharedNeverChanges(t *testing.T) {
	t.Parallel()
	shared := problem.New(503, "unavailable", "Come back.").With("Allow", "GET")
	first, second := shared.With("Allow", "PUT").RetryAfter(time.Second), shared.RetryAfter(2*time.Second)
	for _, row := range []struct {
		name         string
		of           *problem.Details
		allow, retry string
	}{{"shared", shared, "GET", ""}, {"first", first, "PUT", "1"}, {"second", second, "GET", "2"}} {
		if allow, retry := row.of.Header.Get("Allow"), row.of.Header.Get("Retry-After"); allow != row.allow || retry != row.retry {
			t.Errorf("%s: got %q and %q, want %q and %q", row.name, allow, retry, row.allow, row.retry)
		}
	}
	if first.Slug != "unavailable" || first.Status != 503 || first.Detail != "Come back." {
		t.Errorf("the copy is %+v", first)
	}
	if got := problem.TokenRefused(token.ErrInvalid).With("Allow", "GET").Body(); string(got) != `{"message":"Token is not valid"}` {
		t.Errorf("the copy's body is %s", got)
	}
}
