package edge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/route"
)

// limitsRoute is the built-in route on which users look at their limits.
func limitsRoute(upstream string) *route.Route {
	r := locked("/limits", upstream)
	r.Name, r.Builtin = route.LimitsName, true
	return r
}

func TestWhoAnswersAboutLimitsLearnsTheRatesOfTheRoutes(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	slow, quick, free, public := rated(locked("/slow", backend)), rated(locked("/quick", backend)), locked("/free", backend), rated(open("/public", backend))
	quick.Rate = route.Rate{Requests: 10, Per: time.Second, Burst: 20}
	addr := gate(t, limitsRoute(backend), slow, quick, free, public)
	const forged = "X-Tallygate-Rates: forged=1/s:1\r\nX_Tallygate_Rates: forged=1/s:1\r\nX-Tallygate.Rates: forged=1/s:1"
	_, body := call(t, addr, getting("/limits", "Authorization: good", forged))
	if strings.Count(strings.ToLower(body), "rates") != 1 || !strings.Contains(body, "X-Tallygate-Rates: r-slow=9/h:9,r-quick=10/s:20\r\n") {
		t.Errorf("the upstream got %s", body)
	}
	for _, path := range []string{"/slow", "/free", "/public"} {
		if _, body := call(t, addr, getting(path, "Authorization: good", forged)); strings.Contains(strings.ToLower(body), "rates") {
			t.Errorf("%s: the upstream got %s", path, body)
		}
	}
}

func TestWithoutRatesNothingIsSaidAboutThem(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	own := limitsRoute(backend)
	own.Builtin = false
	for name, routes := range map[string][]*route.Route{
		"no rates":           {limitsRoute(backend), locked("/free", backend)},
		"an upstream's page": {own, rated(locked("/slow", backend))},
	} {
		if _, body := call(t, gate(t, routes...), getting("/limits", "Authorization: good")); strings.Contains(strings.ToLower(body), "rates") {
			t.Errorf("%s: the upstream got %s", name, body)
		}
	}
}

func TestTheListOfRatesIsBounded(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	routes := []*route.Route{limitsRoute(backend)}
	for i := range 1000 {
		routes = append(routes, rated(locked(fmt.Sprintf("/%04d", i), backend)))
	}
	_, body := call(t, gate(t, routes...), getting("/limits", "Authorization: good"))
	_, line, _ := strings.Cut(body, "X-Tallygate-Rates: ")
	line, _, _ = strings.Cut(line, "\r\n")
	if n := len(line); n > 8<<10 || n < 7<<10 || !strings.HasSuffix(line, "=9/h:9") {
		t.Errorf("%d bytes, which end in %q", n, line[max(n-40, 0):])
	}
}
