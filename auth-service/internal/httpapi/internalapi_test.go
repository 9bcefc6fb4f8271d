package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/apikey"
	"tallygate/kit/internalapi/internalapitest"
)

// internalAPI is kit/internalapi/openapi.yaml, ready to validate with.
func internalAPI(t *testing.T) *internalapitest.Contract {
	t.Helper()
	return must(internalapitest.Load())(t)
}

func TestEveryInternalCallIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	served := servedRoutes(t, newService(t, options{}).private)
	if got, want := strings.Join(served, "\n"), strings.Join(internalAPI(t).Routes(), "\n"); got != want {
		t.Errorf("served:\n%s\n\ndescribed:\n%s", got, want)
	}
}

// with is an example with other members, as JSON.
func with(example, members internalapitest.Members) string {
	maps.Copy(example, members)
	raw, err := json.Marshal(example)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// checkInternal validates a call, if it was a good one, and its response. It returns the name of the described response.
func checkInternal(t *testing.T, api *internalapitest.Contract, c call, got response) (which string) {
	t.Helper()
	req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if got.status < 300 {
		if err := api.CheckRequest(req, []byte(c.body)); err != nil {
			t.Errorf("%s %s: the request is not as described: %v", c.method, c.path, err)
		}
	}
	if err := api.CheckResponse(req, got.status, got.header, []byte(got.body)); err != nil {
		t.Errorf("%s %s: %d %s: the response is not as described: %v", c.method, c.path, got.status, got.body, err)
	}
	return fmt.Sprint(must(api.Route(req))(t), " ", got.status)
}

// internalStep is a call of the private listener, and the status of its response.
type internalStep struct {
	call   call
	status int
}

// refusals send a good body in every way in which it is refused. The service takes bodies of up to maxBytes.
func refusals(method, path, body string, maxBytes int) []internalStep {
	text := http.Header{"Content-Type": {"text/plain"}}
	return []internalStep{
		{call{method: method, path: path, body: "{"}, 400},
		{call{method: method, path: path, body: body, token: "none"}, 401},
		{call{method: method, path: path, body: body + strings.Repeat(" ", maxBytes)}, 413},
		{call{method: method, path: path, body: body, header: text}, 415},
		{call{method: method, path: path, body: "{}"}, 422},
	}
}

// elsewhere reports whether another test than TestInternalResponsesAreAsDescribed gets a response.
func elsewhere(response string) bool {
	return strings.HasSuffix(response, " 503") || strings.HasPrefix(response, "POST /internal/keys ")
}

// TestInternalResponsesAreAsDescribed gets each response that the description names. TestOutageOfTheDatabaseIs503AndNever401
// gets those with 503, and
// TestResponsesAboutKeysAreAsDescribed those about API keys.
func TestInternalResponsesAreAsDescribed(t *testing.T) {
	t.Parallel()
	api := internalAPI(t)
	quota := int64(100)
	s := newService(t, options{quota: &quota})
	s.do(call{method: "POST", path: "/logout", token: s.user(t, "ada").Token})
	s.root(t)
	batch, inUnits := with(api.RequestExample("addUsage"), nil), with(api.RequestExample("addUsageInUnits"), internalapitest.Members{"sequence": 2})
	lease := func(number int) string {
		return with(api.RequestExample("leaseCalls"), internalapitest.Members{"user_id": 1, "request": number})
	}
	rates, report := with(api.RequestExample("shareRates"), nil), with(api.RequestExample("reportGateway"), nil)
	missing := slices.DeleteFunc(api.Responses(), elsewhere)
	const usage, leases, gateway = "/internal/usage", "/internal/quota/leases", "/internal/gateways/0f3a9c"
	steps := slices.Concat(scopedLeases(api), refusals("POST", leases, lease(4), 64<<10), refusals("POST", usage, batch, 16<<20),
		refusals("PUT", usage, inUnits, 16<<20), refusals("POST", "/internal/rates", rates, 2<<20), refusals("PUT", gateway, report, 256<<10))
	for _, step := range append(steps, []internalStep{
		{call{method: "GET", path: "/internal/users/1"}, 200},
		{call{method: "GET", path: "/internal/users/2"}, 200},
		{call{method: "GET", path: "/internal/users/99"}, 200},
		{call{method: "GET", path: "/internal/users/0"}, 422},
		{call{method: "GET", path: "/internal/users/1", token: "none"}, 401},
		{call{method: "GET", path: "/internal/changes"}, 200},
		{call{method: "GET", path: "/internal/changes?after=0&wait=25s"}, 200},
		{call{method: "GET", path: "/internal/changes?after=1&wait=0s"}, 200},
		{call{method: "GET", path: "/internal/changes?after=99"}, 410},
		{call{method: "GET", path: "/internal/changes?after=x"}, 422},
		{call{method: "GET", path: "/internal/changes?after=0&wait=x"}, 422},
		{call{method: "GET", path: "/internal/changes", token: "none"}, 401},
		{call{method: "POST", path: usage, body: batch}, 204},
		{call{method: "POST", path: usage, body: batch}, 204},
		{call{method: "PUT", path: usage, body: inUnits}, 204},
		{call{method: "PUT", path: usage, body: inUnits}, 204},
		{call{method: "POST", path: "/internal/rates", body: rates}, 200},
		{call{method: "PUT", path: gateway, body: report}, 204},
		{call{method: "POST", path: leases, body: lease(3)}, 200},
		{call{method: "POST", path: leases, body: lease(2)}, 409},
		{call{method: "DELETE", path: leases + "/0f3a9c"}, 204},
		{call{method: "DELETE", path: leases + "/0f3a9c", token: "none"}, 401},
	}...) {
		if step.call.token == "" {
			step.call.token = s.internal
		}
		got := s.do(step.call)
		if got.status != step.status {
			t.Errorf("%s %s: got %d %s, want %d", step.call.method, step.call.path, got.status, got.body, step.status)
			continue
		}
		response := checkInternal(t, api, step.call, got)
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == response })
	}
	if len(missing) > 0 {
		t.Errorf("described, and got by no call here: %q", missing)
	}
}

func TestResponsesAboutKeysAreAsDescribed(t *testing.T) {
	t.Parallel()
	api := internalAPI(t)
	s := newService(t, options{})
	s.register(t, "ada", "123456")
	made, key := s.key(t, "ada", account.KeyEdit{Routes: &[]string{"root"}})
	question := fmt.Sprintf(`{"hash":%q}`, apikey.Hash(key))
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{body: question}, 200},
		{call{body: fmt.Sprintf(`{"hash":%q}`, apikey.Hash("another"))}, 404},
		{call{body: "{"}, 400},
		{call{body: question, token: "none"}, 401},
		{call{body: question + strings.Repeat(" ", 64<<10)}, 413},
		{call{body: question, header: http.Header{"Content-Type": {"text/plain"}}}, 415},
		{call{body: "{}"}, 422},
	} {
		c := step.call
		c.method, c.path = "POST", "/internal/keys"
		if c.token == "" {
			c.token = s.internal
		}
		got := s.do(c)
		if got.status != step.status {
			t.Errorf("%s: got %d %s, want %d", c.body, got.status, got.body, step.status)
		}
		checkInternal(t, api, c, got)
	}
	_, _, err := s.accounts.RotateKey(t.Context(), s.caller(t, "ada"), made.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/internal/users/1", "/internal/changes?after=0"} {
		c := call{method: "GET", path: path, token: s.internal}
		checkInternal(t, api, c, s.do(c))
	}
}

// Both sides ignore what they do not know: a gateway of the next version calls an auth-service of this one.
func TestInternalCallsIgnoreWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	api := internalAPI(t)
	s := newService(t, options{})
	ada := s.user(t, "ada")
	_, key := s.key(t, "ada", account.KeyEdit{})
	later := internalapitest.Members{"added_later": internalapitest.Members{"deep": []any{1, "two", nil}}}
	batch := api.RequestExample("addUsage")
	rows, _ := batch["rows"].([]any)
	row, _ := rows[0].(internalapitest.Members)
	row["user_id"] = 1
	want := countsOf(row)
	maps.Copy(row, later)
	lease := api.RequestExample("leaseCalls")
	lease["user_id"] = 1
	for _, c := range []call{
		{method: "POST", path: "/internal/usage?added=later", body: with(batch, later)},
		{method: "POST", path: "/internal/quota/leases?added=later", body: with(lease, later)},
		{method: "POST", path: "/internal/rates?added=later", body: with(api.RequestExample("shareRates"), later)},
		{method: "PUT", path: "/internal/gateways/0f3a9c?added=later", body: with(api.RequestExample("reportGateway"), later)},
		{method: "POST", path: "/internal/keys?added=later", body: with(internalapitest.Members{"hash": apikey.Hash(key).String()}, later)},
		{method: "GET", path: "/internal/users/1?added=later"},
		{method: "GET", path: "/internal/changes?added=later"},
		{method: "DELETE", path: "/internal/quota/leases/0f3a9c?added=later"},
	} {
		c.token = s.internal
		if got := s.do(c); got.status >= 300 {
			t.Errorf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
		}
	}
	usage := s.do(call{path: "/users/me/usage", token: ada.Token})
	if got := countsOf(read[struct{ Total internalapitest.Members }](t, usage).Total); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEveryDescribedMemberOfARequestIsRead sends optional members too, and checks the effect of each.
func TestEveryDescribedMemberOfARequestIsRead(t *testing.T) {
	t.Parallel()
	api := internalAPI(t)
	quota := int64(100)
	s := newService(t, options{quota: &quota})
	ada := s.user(t, "ada")
	batch := api.RequestExample("addUsageInUnits")
	rows, _ := batch["rows"].([]any)
	row, _ := rows[0].(internalapitest.Members)
	row["user_id"] = 1
	c := call{method: "PUT", path: "/internal/usage", token: s.internal, body: with(batch, nil)}
	checkInternal(t, api, c, s.do(c))
	usage := s.do(call{path: "/users/me/usage", token: ada.Token})
	if got := countsOf(read[struct{ Total internalapitest.Members }](t, usage).Total); got != countsOf(row) {
		t.Errorf("usage: got %s, want %s", got, countsOf(row))
	}
	if got := s.do(call{path: "/users/me/usage?group=key", token: ada.Token}); !strings.Contains(got.body, fmt.Sprintf(`"key_id":%q`, row["key_id"])) {
		t.Errorf("usage by key: got %s, want %s in it", got.body, row["key_id"])
	}
	type lease struct{ Granted, Remaining int64 }
	request := func(number int, returned int64) lease {
		c := call{method: "POST", path: "/internal/quota/leases", token: s.internal, body: with(api.RequestExample("leaseCalls"),
			internalapitest.Members{"user_id": 1, "request": number, "returned": returned})}
		return fetch[lease](t, s, c, 200)
	}
	first := request(1, 0)
	if second := request(2, first.Granted); second.Remaining != first.Remaining+first.Granted-second.Granted {
		t.Errorf("returned calls are still reserved: got %+v after %+v", second, first)
	}
}

// countsOf are the counts in a row or a total.
func countsOf(members internalapitest.Members) string {
	var counts []string
	for _, name := range []string{"requests", "client_errors", "server_errors", "rate_limited", "bytes_in", "bytes_out"} {
		counts = append(counts, fmt.Sprint(name, " ", members[name]))
	}
	units := members["units"]
	if units == nil { // of a row: one for each request
		units = members["requests"]
	}
	counts = append(counts, fmt.Sprint("units ", units))
	return strings.Join(slices.Sorted(slices.Values(counts)), ", ")
}

func TestRateReportsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	const good = `{"user_id":7,"limit":"root","calls":1,"step_ns":1,"bound_ns":1}`
	for _, change := range [][2]string{
		{`"user_id":7`, `"user_id":0`},
		{`"root"`, `""`},
		{`"root"`, `"a\u0000"`},
		{`"calls":1`, `"calls":-1`},
		{`"calls":1`, `"calls":0.5`},
		{`"step_ns":1`, `"step_ns":0`},
		{`"bound_ns":1`, `"bound_ns":-1`},
		{`"bound_ns":1`, `"bound_ns":9000000000000000000`},
		{good, good + "," + good},
		{good, strings.Repeat(good+",", 5000) + good},
		{good, "7"},
	} {
		body := `{"gateway":"a","calls":[` + strings.Replace(good, change[0], change[1], 1) + `]}`
		if got := s.do(call{method: "POST", path: "/internal/rates", body: body, token: s.internal}); got.status != 422 {
			t.Errorf("%.100s: got %d %s", body, got.status, got.body)
		}
	}
}
