package edge_test

import (
	"net/http"
	"strings"
	"testing"
)

// getting is a request with these lines.
func getting(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func TestAKeyIsGoodWhereATokenIsAndNeverGoesOn(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	forwards, withholds := locked("/a", backend), locked("/b", backend)
	forwards.ForwardToken, forwards.Metered, withholds.Metered = true, true, true
	public := open("/c", backend)
	addr := gate(t, forwards, withholds, public)
	for name, test := range map[string]struct {
		request string
		status  int
		gets    string // the upstream's Authorization
		private bool   // the response says that it is
	}{
		"Bearer":                        {getting("/a", "Authorization: Bearer tg_good"), 200, "Bearer stands-for-it", false},
		"bare":                          {getting("/a", "Authorization: tg_good"), 200, "Bearer stands-for-it", false},
		"X-API-Key":                     {getting("/a", "X-API-Key: tg_good"), 200, "Bearer stands-for-it", true},
		"a route without tokens":        {getting("/b", "Authorization: Bearer tg_good"), 200, "", false},
		"X-API-Key on such a route":     {getting("/b", "x-api-key:tg_good"), 200, "", true},
		"a public route":                {getting("/c", "X-API-Key: tg_good"), 200, "", false},
		"bad":                           {getting("/a", "Authorization: Bearer tg_bad"), 401, "", false},
		"bad in X-API-Key":              {getting("/a", "X-API-Key: tg_bad"), 401, "", false},
		"in both fields":                {getting("/a", "Authorization: Bearer tg_good", "X-API-Key: tg_good"), 401, "", false},
		"beside a token":                {getting("/a", "Authorization: Bearer good", "X-API-Key: tg_good"), 401, "", false},
		"beside an empty Authorization": {getting("/a", "Authorization: ", "X-API-Key: tg_good"), 401, "", false},
		"twice":                         {getting("/a", "X-API-Key: tg_good", "X-API-Key: tg_good"), 401, "", false},
		"three times":                   {getting("/a", "X-API-Key: tg_good", "X-API-Key: tg_good", "Authorization: good"), 401, "", false},
		"twice in Authorization":        {getting("/a", "Authorization: tg_good", "Authorization: tg_good"), 401, "", false},
		"two in one field":              {getting("/a", "X-API-Key: tg_good, tg_good"), 401, "", false},
		"by an alias":                   {getting("/a", "X_API_Key: tg_good"), 401, "", false},
		"in the query":                  {getting("/a?api_key=tg_good&access_token=tg_good&X-API-Key=tg_good"), 401, "", false},
		"in a cookie":                   {getting("/a", "Cookie: X-API-Key=tg_good; token=tg_good"), 401, "", false},
		"its token has expired":         {getting("/a", "Authorization: Bearer tg_stale"), 503, "", false},
		"its token is not needed":       {getting("/b", "Authorization: Bearer tg_stale"), 200, "", false},
		"a route that it is good on":    {getting("/a", "Authorization: Bearer tg_narrow"), 200, "Bearer stands-for-it", false},
		"a route that it is not":        {getting("/b", "Authorization: Bearer tg_narrow"), 403, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, body := call(t, addr, test.request)
			if resp.StatusCode != test.status {
				t.Fatalf("got %d %s", resp.StatusCode, body)
			}
			if private := strings.Contains(strings.Join(resp.Header.Values("Cache-Control"), ","), "private"); private != test.private {
				t.Errorf("private %v: %v", private, resp.Header)
			}
			if test.status != http.StatusOK {
				return
			}
			if strings.Contains(body, "tg_") {
				t.Errorf("the upstream gets the key: %s", body)
			}
			if got := test.gets != ""; strings.Contains(body, "Authorization: "+test.gets) != got || strings.Contains(body, "Authorization") != got {
				t.Errorf("the upstream gets %s", body)
			}
		})
	}
}

func TestAnXAPIKeyOfTheUpstreamPasses(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	addr := gate(t, locked("/a", backend), open("/c", backend))
	for _, request := range []string{
		getting("/a", "Authorization: Bearer good", "X-API-Key: own"), getting("/c", "X-API-Key: own"), getting("/c", "X-API-Key: Bearer TG_own"),
		getting("/a", "Authorization: tg_good", "X-API-Key: own"),
	} {
		if resp, body := call(t, addr, request); resp.StatusCode != http.StatusOK || !strings.Contains(body, "own") {
			t.Errorf("%q: got %d %s", request, resp.StatusCode, body)
		}
	}
}

func TestAKeyAmongSubprotocolsIsRefused(t *testing.T) {
	t.Parallel()
	addr := gate(t, locked("/a", replica(t, echo)))
	resp, _ := call(t, addr, getting("/a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: tallygate.token.tg_good"))
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d", resp.StatusCode)
	}
}
