package httpapi_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/ginapi"
	"tallygate/kit/httpd"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
	"tallygate/math-service/internal/httpapi"
)

const secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func params() tokentest.Params {
	return tokentest.Params{
		Secret: secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: noon,
		UserID: "7", SessionID: "a-session",
	}
}

func newAPI(t testing.TB, log io.Writer, now func() time.Time) http.Handler {
	t.Helper()
	ring, err := token.NewKeyring(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newAPIWith(ring, log, now)
}

func newAPIWith(ring *token.Keyring, log io.Writer, now func() time.Time) http.Handler {
	v := token.NewVerifier(token.Config{Keys: ring, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: now})
	return httpapi.New(httpapi.Config{
		Tokens: token.NewCache(v, 100), Readiness: httpd.NewReadiness(),
		Metrics: prometheus.NewRegistry(), Log: slog.New(slog.NewJSONHandler(log, nil)), AccessLog: true,
	})
}

func atNoon() time.Time { return noon }

func call(api http.Handler, method, target string, authorization ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, nil)
	if len(authorization) > 0 {
		req.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, req)
	return w
}

func TestRootRespondsWithThePower(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard, atNoon)
	for target, want := range map[string]string{
		"/root?number=88&n=0.88":                 `{"root":51.42150122383022}`,
		"/root?n=0.5&number=9":                   `{"root":3}`,
		"/root?number=9&n=0.5&other=1&other=2":   `{"root":3}`,
		"/root?number=-2&n=3":                    `{"root":-8}`,
		"/root?number=2&n=-1074":                 `{"root":5e-324}`,
		"/root?number=10&n=-400":                 `{"root":0}`,
		"/root?number=1e3&n=%2B2":                `{"root":1000000}`,
		"/root?number=%31&n=1":                   `{"root":1}`,
		"/root?number=10&n=25":                   `{"root":1e+25}`,
		"/root?number=123456789&n=2&Number=1e99": `{"root":15241578750190520}`,
	} {
		w := call(api, "GET", target, params().Token())
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: got %d %s, want %s", target, w.Code, w.Body, want)
		}
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			t.Errorf("%s: Content-Type %q", target, got)
		}
	}
	if w := call(api, "HEAD", "/root?number=88&n=0.88", params().Token()); w.Code != 200 {
		t.Errorf("HEAD: got %d", w.Code)
	}
}

func TestTheResponseToABadQueryNamesTheParameterAndTheReason(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard, atNoon)
	for target, want := range map[string]struct {
		status int
		words  string
	}{
		"/root":                                            {422, "number is missing"},
		"/root?number=9":                                   {422, "n is missing"},
		"/root?n=9":                                        {422, "number is missing"},
		"/root?number=&n=1":                                {422, "number is empty"},
		"/root?number=9&n":                                 {422, "n is empty"},
		"/root?number=9&n=1&n=1":                           {422, "n is given more than once"},
		"/root?number=9&%6eumber=9&n=1":                    {422, "number is given more than once"},
		"/root?number=nine&n=1":                            {422, "number is not a decimal number"},
		"/root?number=9&n=NaN":                             {422, "n is not a decimal number"},
		"/root?number=Inf&n=1":                             {422, "number is not a decimal number"},
		"/root?number=0x10&n=1":                            {422, "number is not a decimal number"},
		"/root?number=1_000&n=1":                           {422, "number is not a decimal number"},
		"/root?number=1,000&n=1":                           {422, "number is not a decimal number"},
		"/root?number=+9&n=1":                              {422, "number is not a decimal number"}, // + is a space in a query
		"/root?number=9%20&n=1":                            {422, "number is not a decimal number"},
		"/root?number=9%00&n=1":                            {422, "number is not a decimal number"},
		"/root?number=" + url.QueryEscape("٣") + "&n=1":    {422, "number is not a decimal number"},
		"/root?number=%ff&n=1":                             {422, "number is not a decimal number"},
		"/root?number=1e400&n=1":                           {422, "number is out of range"},
		"/root?number=1&n=-1e400":                          {422, "n is out of range"},
		"/root?number=10&n=309":                            {422, "number to the power n is out of range"},
		"/root?number=0&n=-1":                              {422, "zero to a negative power"},
		"/root?number=-8&n=0.5":                            {422, "not a real number"},
		"/root?number=9;n=1":                               {400, "malformed"},
		"/root?number=9&n=%zz":                             {400, "malformed"},
		"/root?number=" + strings.Repeat("9", 4000):        {422, "number is out of range"},
		"/root?n=1&number=" + strings.Repeat("1e", 2000):   {422, "number is not a decimal number"},
		"/root?n=1&number=0." + strings.Repeat("0", 4000):  {200, "0"},
		"/root?" + strings.Repeat("x=1&", 2000) + "number": {422, "number is empty"},
	} {
		w := call(api, "GET", target, params().Token())
		name := target[:min(len(target), 60)]
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.words) {
			t.Errorf("%s: got %d %s, want %d with %q", name, w.Code, w.Body, want.status, want.words)
		}
		if want.status == 200 {
			continue
		}
		var p struct{ Message, Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Message == "" || p.Message != p.Detail {
			t.Errorf("%s: not a problem of the contract: %s", name, w.Body)
		}
	}
}

func TestEveryTokenIsAcceptedOrRefusedAsListed(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer trap.Close()
	for _, key := range []*tokentest.Key{nil, tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)} {
		p, api := params(), newAPI(t, io.Discard, atNoon)
		p.TrapURL, p.Key = trap.URL, key
		if key != nil {
			ring, err := token.NewKeyring("", nil, key.Public)
			if err != nil {
				t.Fatal(err)
			}
			api = newAPIWith(ring, io.Discard, atNoon)
		}
		for _, vector := range append(tokentest.Vectors(p), tokentest.SessionVectors(p, true)...) {
			for range 2 { // the second time it may be remembered
				w := call(api, "GET", "/root?number=9&n=0.5", vector.Authorization...)
				checkAccepted(t, vector.Name, w, vector.Accept)
			}
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("a token made the service call out %d times", n)
	}
}

func checkAccepted(t *testing.T, name string, w *httptest.ResponseRecorder, accept bool) {
	t.Helper()
	if accept {
		if w.Code != 200 {
			t.Errorf("%s: got %d %s, want 200", name, w.Code, w.Body)
		}
		return
	}
	if w.Code != 401 || w.Body.String() != `{"message":"Token is not valid"}` ||
		!strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("%s: got %d %s, want the one 401", name, w.Code, w.Body)
	}
}

func TestATokenOutsideAuthorizationIsIgnored(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard, atNoon)
	good := params().Token()
	query := call(api, "GET", "/root?number=9&n=0.5&access_token="+good+"&token="+good)
	checkAccepted(t, "query", query, false)
	req := httptest.NewRequest("GET", "/root?number=9&n=0.5", strings.NewReader("access_token="+good))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", "token="+good+"; access_token="+good)
	req.Header.Set("X-Authorization", good)
	req.Header.Set("Proxy-Authorization", "Bearer "+good)
	req.Trailer = http.Header{"Authorization": {good}}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, req)
	checkAccepted(t, "body, cookie, other fields, trailer", w, false)
}

func TestARememberedTokenExpiresAtExp(t *testing.T) {
	t.Parallel()
	now := noon
	api := newAPI(t, io.Discard, func() time.Time { return now })
	good := params().Token()
	checkAccepted(t, "before", call(api, "GET", "/root?number=9&n=0.5", good), true)
	now = noon.Add(time.Hour)
	w := call(api, "GET", "/root?number=9&n=0.5", good)
	checkAccepted(t, "at exp", w, false)
	if got := w.Header().Get("WWW-Authenticate"); !strings.Contains(got, `error_description="expired"`) {
		t.Errorf("WWW-Authenticate: %s", got)
	}
}

func TestTheMethodIsCheckedBeforeTheTokenAndTheTokenBeforeTheQuery(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard, atNoon)
	w := call(api, "POST", "/root")
	if w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "GET") {
		t.Errorf("POST: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	checkAccepted(t, "no token, no query", call(api, "GET", "/root"), false)
	if w := call(api, "GET", "/nowhere"); w.Code != 404 {
		t.Errorf("unknown path: got %d", w.Code)
	}
}

func TestTheLogNamesTheUserAndNeverTheNumbersOrTheToken(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	api := newAPI(t, &log, atNoon)
	good := params().Token()
	call(api, "GET", "/root?number=424242&n=0.5", good)
	if !strings.Contains(log.String(), `"user_id":7`) {
		t.Errorf("no user in %s", log.String())
	}
	for _, hidden := range []string{"424242", good[:20], good[len(good)-20:]} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("%q is in %s", hidden, log.String())
		}
	}
}

// BenchmarkRoot compares /root with a gin handler that sends a constant and writes the same log line. The ratio matters.
func BenchmarkRoot(b *testing.B) {
	api := newAPI(b, io.Discard, atNoon)
	plain := ginapi.New(ginapi.Config{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), AccessLog: true, Metrics: prometheus.NewRegistry()}) //nolint:sloglint // the line is part of the work
	plain.GET("/root", func(c *gin.Context) {
		c.JSON(http.StatusOK, struct { //nolint:musttag // a constant
			Root float64 `json:"root"`
		}{51.42150122383022})
	})
	good := params().Token()
	for name, handler := range map[string]http.Handler{"math-service": api, "constant": plain} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := call(handler, "GET", "/root?number=88&n=0.88", good); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
