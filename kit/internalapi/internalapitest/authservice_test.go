package internalapitest_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"tallygate/kit/internalapi/internalapitest"
)

func TestTheFastFakeKnowsEveryoneAndKeepsNothing(t *testing.T) {
	t.Parallel()
	auth, err := internalapitest.NewFast()
	if err != nil {
		t.Fatal(err)
	}
	auth.SetEveryone(internalapitest.Members{"generation": 1, "ended_sessions": []any{}, "monthly_quota": nil})
	for call, want := range map[string]string{
		"GET /internal/users/12": `200 {"disabled":false,"ended_sessions":[],"exists":true,"generation":1,` +
			`"keys":[],"monthly_quota":null,"own_quota":null,"plan":"default","plan_limits":{"in_flight":null,"name":"default","rates":[],` +
			`"requests_per_day":null,"requests_per_month":null,"version":0},"role":"","roles":[],"session_known":true,"user_id":12,"version":0}`,
		"GET /internal/changes": `200 {"cursor":"0","epoch":"1795521600000000","plans":[{"in_flight":null,"name":"default","rates":[],` +
			`"requests_per_day":null,"requests_per_month":null,"version":0}],"users":[]}`,
		"GET /internal/changes?after=0&wait=1ms":  `200 {"cursor":"0","epoch":"1795521600000000","plans":[],"users":[]}`,
		"GET /internal/changes?after=99&wait=1ms": `410 {`,
		"POST /internal/usage":                    "204 ",
		"PUT /internal/usage":                     "204 ",
		"DELETE /internal/quota/leases/g":         "204 ",
		"GET /elsewhere":                          "400 ",
	} {
		method, path, _ := strings.Cut(call, " ")
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if got := fmt.Sprint(w.Code, " ", w.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", call, got, want)
		}
	}
	if len(auth.Batches()) != 0 {
		t.Error("it keeps what a benchmark delivers for hours")
	}
}
