package service_test

import (
	"io"
	"net/http"
	"testing"

	"tallygate/kit/httpd"
	"tallygate/kit/service"
)

func TestThePrivateListenerRespondsWithProblemsToo(t *testing.T) {
	t.Parallel()
	own := http.NewServeMux()
	own.HandleFunc("/internal/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "own") })
	own.HandleFunc("POST /other", func(http.ResponseWriter, *http.Request) {})
	s := start(t, http.NotFoundHandler(), service.Config{Readiness: httpd.NewReadiness(), Private: own})
	const problem, plain = "application/problem+json", "text/plain; charset=utf-8"
	for call, want := range map[[2]string]struct {
		status       int
		allow, media string
	}{
		{"GET", "/"}:             {404, "", problem},
		{"GET", "/metricsx"}:     {404, "", problem},
		{"GET", "/livez/"}:       {404, "", problem},
		{"POST", "/nothing"}:     {404, "", problem},
		{"POST", "/livez"}:       {405, "GET, HEAD", problem},
		{"DELETE", "/metrics"}:   {405, "GET, HEAD", problem},
		{"GET", "/other"}:        {405, "POST", problem},
		{"HEAD", "/readyz"}:      {200, "", "application/json"},
		{"GET", "/livez"}:        {200, "", "application/json"},
		{"PUT", "/internal/any"}: {200, "", plain},
	} {
		req, err := http.NewRequestWithContext(t.Context(), call[0], s.private+call[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		media, allow := resp.Header.Get("Content-Type"), resp.Header.Get("Allow")
		if resp.StatusCode != want.status || media != want.media || allow != want.allow {
			t.Errorf("%v: got %d, %s, Allow %q; want %+v", call, resp.StatusCode, media, allow, want)
		}
	}
}
