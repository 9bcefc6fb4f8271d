package ginapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/kit/ginapi"
	"tallygate/kit/problem"
)

type body struct {
	Name string `json:"name"`
	Age  *int   `json:"age"`
}

func newAPI(log io.Writer) (*ginapi.API, *prometheus.Registry) {
	reg := prometheus.NewRegistry()
	known := errors.New("known")
	api := ginapi.New(ginapi.Config{
		Log: slog.New(slog.NewJSONHandler(log, nil)), AccessLog: true, Metrics: reg,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // httptest's peer
		Problems: func(err error) *problem.Details {
			if errors.Is(err, known) {
				return problem.New(http.StatusConflict, "known", "Known.")
			}
			return nil
		},
	})
	api.POST("/things/:id", api.Handle(func(c *gin.Context) error {
		b, err := ginapi.Bind[body](c)
		if err != nil {
			return err
		}
		ginapi.SetUserID(c, 7)
		c.JSON(http.StatusOK, b)
		return nil
	}))
	api.GET("/known", api.Handle(func(*gin.Context) error { return known }))
	api.GET("/unknown", api.Handle(func(*gin.Context) error { return errors.New("sql: secret text") }))
	api.GET("/panic", api.Handle(func(*gin.Context) error { panic("secret text") }))
	return api, reg
}

func do(api http.Handler, method, path, contentType, text string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(text))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, req)
	return w
}

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	const mediaType = "application/json"
	for name, row := range map[string]struct {
		contentType, text string
		want              int
	}{
		"good":                              {mediaType, `{"name":"a"}`, 200},
		"good, with charset":                {"application/json; charset=UTF-8", `{"name":"a"}`, 200},
		"no content type":                   {"", `{"name":"a"}`, 200},
		"absent and null members":           {mediaType, `{"age":null}`, 200},
		"curl -d without a header":          {"application/x-www-form-urlencoded", `{"name":"a"}`, 415},
		"other charset":                     {"application/json; charset=utf-16", `{"name":"a"}`, 415},
		"unreadable content type":           {"application/json; charset", `{"name":"a"}`, 415},
		"empty":                             {mediaType, ``, 400},
		"not JSON":                          {mediaType, `name=a`, 400},
		"list":                              {mediaType, `[{"name":"a"}]`, 400},
		"null":                              {mediaType, `null`, 400},
		"string":                            {mediaType, `"a"`, 400},
		"unknown member":                    {mediaType, `{"name":"a","id":1}`, 422},
		"member in another case":            {mediaType, `{"Name":"a"}`, 422},
		"duplicate member":                  {mediaType, `{"name":"a","name":"b"}`, 400},
		"duplicate member, once escaped":    {mediaType, `{"name":"a","n\u0061me":"b"}`, 400},
		"wrong type":                        {mediaType, `{"name":1}`, 422},
		"nested where a string is due":      {mediaType, `{"name":{"a":1}}`, 422},
		"number out of range":               {mediaType, `{"age":1e400}`, 422},
		"data after the object":             {mediaType, `{"name":"a"}{}`, 400},
		"comma after the last member":       {mediaType, `{"name":"a",}`, 400},
		"byte-order mark":                   {mediaType, "\ufeff{\"name\":\"a\"}", 200},
		"two byte-order marks":              {mediaType, "\ufeff\ufeff{\"name\":\"a\"}", 400},
		"byte-order mark alone":             {mediaType, "\ufeff", 400},
		"half a byte-order mark":            {mediaType, "\xef\xbb{\"name\":\"a\"}", 400},
		"byte-order mark inside":            {mediaType, "{\ufeff\"name\":\"a\"}", 400},
		"byte-order mark after the object":  {mediaType, "{\"name\":\"a\"}\ufeff", 400},
		"invalid UTF-8":                     {mediaType, "{\"name\":\"\xff\"}", 400},
		"lone surrogate":                    {mediaType, `{"name":"\ud800"}`, 400},
		"control character":                 {mediaType, "{\"name\":\"\x01\"}", 400},
		"20,000 levels deep":                {mediaType, `{"name":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, 400},
		"20,000 levels in an unknown place": {mediaType, strings.Repeat("[", 20_000), 400},
		"one byte over the limit":           {mediaType, `{"name":"` + strings.Repeat("a", ginapi.MaxBodyBytes-10) + `"}`, 413},
		"ten megabytes":                     {mediaType, strings.Repeat("a", 10<<20), 413},
	} {
		w := do(api, "POST", "/things/1", row.contentType, row.text)
		if w.Code != row.want {
			t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, row.want)
		}
		if row.want >= 400 {
			checkProblem(t, name, w)
		}
	}
}

func TestOtherEncodingsThanUTF8AreNamed(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	for name, text := range map[string]string{
		"UTF-16LE": "{\x00}\x00", "UTF-16BE": "\x00{\x00}", "UTF-16LE with its mark": "\xff\xfe{\x00}\x00", "UTF-16BE with its mark": "\xfe\xff\x00{\x00}",
		"UTF-32LE": "{\x00\x00\x00", "UTF-32BE": "\x00\x00\x00{", "UTF-32LE with its mark": "\xff\xfe\x00\x00{\x00\x00\x00", "UTF-32BE with its mark": "\x00\x00\xfe\xff\x00\x00\x00{",
		"a mark alone": "\xff\xfe", "a mark of UTF-8 before UTF-16": "\ufeff{\x00}\x00",
	} {
		w := do(api, "POST", "/things/1", "application/json", text)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "The body is in UTF-16 or UTF-32. Send it in UTF-8.") {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
		checkProblem(t, name, w)
	}
	w := do(api, "POST", "/things/1", "application/json; charset=utf-16", "{\x00}\x00")
	if w.Code != 415 || !strings.Contains(w.Body.String(), "JSON is in UTF-8") {
		t.Errorf("another charset: got %d %s", w.Code, w.Body)
	}
}

func TestBindKnownIgnoresMembersOfALaterVersion(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	api.POST("/known", api.Handle(func(c *gin.Context) error {
		b, err := ginapi.BindKnown[body](c, 1000)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, b)
		return nil
	}))
	for name, row := range map[string]struct {
		text string
		want int
		body string
	}{
		"an unknown member":        {`{"later":{"deep":[1,null]},"name":"a"}`, 200, `{"name":"a","age":null}`},
		"a member in another case": {`{"NAME":"b","name":"a"}`, 200, `{"name":"a","age":null}`},
		"a duplicate member":       {`{"name":"a","name":"b"}`, 400, ""},
		"a duplicate unknown one":  {`{"later":1,"later":2}`, 400, ""},
		"a wrong type":             {`{"later":1,"name":1}`, 422, ""},
		"data after the object":    {`{"name":"a"}{}`, 400, ""},
		"a list":                   {`[]`, 400, ""},
		"too many bytes":           {`{"name":"` + strings.Repeat("a", 1000) + `"}`, 413, ""},
	} {
		w := do(api, "POST", "/known", "application/json", row.text)
		if w.Code != row.want || row.body != "" && w.Body.String() != row.body {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Body, row.want, row.body)
		}
	}
}

func checkProblem(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Message string
		Status                       int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Errorf("%s: not JSON: %v", name, err)
	}
	if p.Message == "" || p.Message != p.Detail || p.Status != w.Code || p.Type == "" || p.Title == "" ||
		w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: not a problem of the contract: %s", name, w.Body)
	}
	for _, internal := range []string{"jsontext", "Go ", "goroutine", "ginapi_test", "secret text", "sql"} {
		if strings.Contains(w.Body.String(), internal) {
			t.Errorf("%s: internal text in %s", name, w.Body)
		}
	}
}

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	for path, want := range map[string]int{"/known": 409, "/unknown": 500, "/panic": 500, "/nowhere": 404, "/known/": 404} {
		w := do(api, "GET", path, "", "")
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
		checkProblem(t, path, w)
	}
	w := do(api, "DELETE", "/known", "", "")
	if w.Code != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("wrong method: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	checkProblem(t, "wrong method", w)
}

func TestTheLogLineHasNoPathQueryOrToken(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	api, reg := newAPI(&log)
	req := httptest.NewRequest(http.MethodPost, "/things/path-secret?q=query-secret", strings.NewReader(`{"name":"body-secret"}`))
	req.Header.Set("Authorization", "Bearer token-secret")
	req.Header.Set("X-Request-Id", "the-id")
	req.Header.Set("X-Forwarded-For", "203.0.113.1, 198.51.100.7")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, req)
	if got := w.Header().Get("X-Request-Id"); got != "the-id" {
		t.Errorf("X-Request-Id: %q", got)
	}
	if strings.Contains(log.String(), "-secret") {
		t.Errorf("something secret is in %s", log.String())
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"method": "POST", "route": "/things/:id", "status": 200.0, "request_id": "the-id", "user_id": 7.0, "bytes_in": 22.0,
		"bytes_out": 33.0, "client": "198.51.100.7",
	} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %v", key, line[key], want)
		}
	}
	if n := testutil.CollectAndCount(reg, "http_server_request_duration_seconds"); n != 1 {
		t.Errorf("metric has %d series, want 1", n)
	}
}

func TestProbesAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	api, _ := newAPI(&log)
	api.GET("/readyz", func(c *gin.Context) { c.Status(http.StatusOK) })
	api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if log.Len() != 0 {
		t.Errorf("got %s, want nothing", log.String())
	}
}
