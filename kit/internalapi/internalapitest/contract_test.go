package internalapitest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"tallygate/kit/internalapi/internalapitest"
)

func TestTheDescriptionAndItsExamplesAreValid(t *testing.T) {
	t.Parallel()
	if _, err := internalapitest.Load(); err != nil {
		t.Fatal(err)
	}
}

// Renaming a member makes it unknown, and a required one absent. Both have to be found, for members that may be left out too.
func TestWhatIsNotDescribedIsFound(t *testing.T) {
	t.Parallel()
	api, err := internalapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	const row = `{"user_id":7,"route":"root","hour":"2026-11-24T02:00:00Z","requests":3}`
	const usage, batch = "POST /internal/usage", `{"gateway":"g","sequence":1,"rows":[` + row + `]}`
	for _, step := range []struct {
		call, body string
		described  bool
	}{
		{usage, batch, true},
		{usage, strings.Replace(batch, `"requests"`, `"calls"`, 1), false},
		{usage, strings.Replace(batch, `"user_id"`, `"user"`, 1), false},
		{usage, strings.Replace(batch, `02:00:00Z`, `02:30:00Z`, 1), false},
		{usage, strings.Replace(batch, `:7`, `:"7"`, 1), false},
		{usage, "", false},
		{"GET /internal/users/7", "", true},
		{"GET /internal/users/0", "", false},
		{"GET /internal/changes?after=1&wait=1m0.5s", "", true},
		{"GET /internal/changes?after=1&waits=1s", "", false},
		{"GET /internal/changes?after=1&wait=1", "", false},
		{"GET /internal/elsewhere", "", false},
		{"PUT /internal/usage", strings.Replace(batch, `"route"`, `"key_id":"12","units":0,"route"`, 1), true},
		{"PUT /internal/usage", strings.Replace(batch, `"route"`, `"key_id":"0","route"`, 1), false},
		{"PUT /internal/usage", strings.Replace(batch, `"route"`, `"key_id":12,"route"`, 1), false},
		{"PATCH /internal/usage", batch, false},
		{"DELETE /internal/quota/leases/g", "", true},
		{"DELETE /internal/quota/leases/g%21", "", false},
	} {
		method, path, _ := strings.Cut(step.call, " ")
		r := httptest.NewRequest(method, path, nil)
		if step.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if err := api.CheckRequest(r, []byte(step.body)); (err == nil) != step.described {
			t.Errorf("%s %s: got %v", step.call, step.body, err)
		}
	}
}
