package edge_test

import (
	"testing"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/edge"
)

func TestPagesAreCompressedForThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	page := console.Page{ContentType: "text/html", Body: []byte("<p>docs, as they are"), Gzip: func() []byte { return []byte("packed") }, ETag: `"1"`}
	gw := gateWith(t, edge.Config{Pages: map[string]console.Page{"/docs": page}})
	for _, row := range []struct {
		fields string
		packed bool
		status int
	}{
		{"", false, 200},
		{"Accept-Encoding: gzip\r\n", true, 200},
		{"Accept-Encoding: br, GZIP;q=0.5\r\n", true, 200},
		{"Accept-Encoding: br\r\nAccept-Encoding: x-gzip\r\n", true, 200},
		{"Accept-Encoding: *\r\n", true, 200},
		{"Accept-Encoding: *, gzip;q=0\r\n", false, 200},
		{"Accept-Encoding: gzip; q=0.000\r\n", false, 200},
		{"Accept-Encoding: *;q=0\r\n", false, 200},
		{"Accept-Encoding: identity, deflate\r\n", false, 200},
		{"Accept-Encoding: gzip\r\nIf-None-Match: \"1-gzip\"\r\n", true, 304},
		{"Accept-Encoding: gzip\r\nIf-None-Match: \"1\"\r\n", true, 200},
		{"If-None-Match: \"1\"\r\n", false, 304},
	} {
		resp, body := call(t, gw, "GET /docs HTTP/1.1\r\nHost: a\r\n"+row.fields+"\r\n")
		want, coding, tag := "<p>docs, as they are", "", `"1"`
		if row.packed {
			want, coding, tag = "packed", "gzip", `"1-gzip"`
		}
		if row.status == 304 {
			want, coding = "", ""
		}
		if resp.StatusCode != row.status || body != want || resp.Header.Get("Content-Encoding") != coding || resp.Header.Get("ETag") != tag || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: got %d %q %v", row.fields, resp.StatusCode, body, resp.Header)
		}
	}
}
