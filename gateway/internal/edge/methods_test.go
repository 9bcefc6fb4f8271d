package edge_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/route"
)

const allMethods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

func TestTraceIsNotForwarded(t *testing.T) {
	t.Parallel()
	addr := replica(t, func(http.ResponseWriter, *http.Request) { t.Error("it reached the upstream") })
	gw := gate(t, open("/open", addr), locked("/locked", addr))
	for _, path := range []string{"/open", "/locked"} {
		resp, body := call(t, gw, "TRACE "+path+" HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n")
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != allMethods || strings.Contains(body, "good") {
			t.Errorf("%s: got %d, Allow %q, %s", path, resp.StatusCode, resp.Header.Get("Allow"), body)
		}
	}
}

// RFC 9110 section 7.6.2.
func TestMaxForwardsIsObeyed(t *testing.T) {
	t.Parallel()
	addr := replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Arrived"] = r.Header["Max-Forwards"]
	})
	limited := open("/get", addr)
	limited.Methods = []string{"GET"}
	gw := gate(t, open("/all", addr), locked("/locked", addr), limited)
	for request, want := range map[string]struct {
		status         int
		allow, arrived string
	}{
		"OPTIONS /all Max-Forwards: 0":    {204, allMethods, ""},
		"OPTIONS /all Max-Forwards: 00":   {204, allMethods, ""},
		"OPTIONS /locked Max-Forwards: 0": {204, allMethods, ""},
		"OPTIONS /get Max-Forwards: 0":    {405, "GET, HEAD", ""},
		"OPTIONS /all Max-Forwards: 1":    {200, "", "0"},
		"OPTIONS /all max-forwards: 100":  {200, "", "99"},
		"OPTIONS /all Max-Forwards: -1":   {200, "", "-1"},
		"OPTIONS /all Max-Forwards: many": {200, "", "many"},
		"OPTIONS /all Max_Forwards: 3":    {200, "", ""},
		"GET /all Max-Forwards: 0":        {200, "", "0"},
		"OPTIONS /all X: Max-Forwards":    {200, "", ""},
	} {
		parts := strings.SplitN(request, " ", 3)
		resp, _ := call(t, gw, parts[0]+" "+parts[1]+" HTTP/1.1\r\nHost: a\r\n"+parts[2]+"\r\n\r\n")
		if resp.StatusCode != want.status || resp.Header.Get("Allow") != want.allow || resp.Header.Get("Arrived") != want.arrived {
			t.Errorf("%s: got %d, Allow %q, arrived %q, want %+v", request, resp.StatusCode, resp.Header.Get("Allow"), resp.Header.Get("Arrived"), want)
		}
	}
}

func TestAPreflightForAnUncommonMethodHasAResponse(t *testing.T) {
	t.Parallel()
	r := open("/a", replica(t, echo))
	r.CORS = &route.CORS{Origins: []string{"*"}, MaxAge: time.Minute}
	gw := gate(t, r)
	for method, want := range map[string]string{"PUT": allMethods, "PROPFIND": allMethods + ", PROPFIND"} {
		resp, _ := call(t, gw, "OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: "+method+"\r\n\r\n")
		if got := resp.Header.Get("Access-Control-Allow-Methods"); resp.StatusCode != 204 || got != want {
			t.Errorf("%s: got %d %q, want %q", method, resp.StatusCode, got, want)
		}
	}
	resp, _ := call(t, gw, "OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: TRACE\r\n\r\n")
	if got := resp.Header.Get("Access-Control-Allow-Methods"); got != "" {
		t.Errorf("TRACE: got %q", got)
	}
}
