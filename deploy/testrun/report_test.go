package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) { //nolint:funlen // test vectors
	t.Parallel()
	tests := []struct {
		name    string
		events  string
		want    string
		skipped int
	}{
		{
			"a passing package is its closing line",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			"ok  \tp\t0.1s\n", 0,
		},
		{
			"a failing test shows its output and no other test's",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    a_test.go:20: fine\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}`,
			"    a_test.go:9: got 1, want 2\nFAIL\tp\t0.1s\n", 0,
		},
		{
			"a test that dies with its process is shown",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}`,
			"FAIL\tp\t0.1s\npanic: boom\n", 0,
		},
		{
			"tests skipped for one reason share a line",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: no PostgreSQL: install it\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: no PostgreSQL: install it\n"}
{"Action":"skip","Package":"p","Test":"TestB"}`,
			"skipped\tp (2): no PostgreSQL: install it\n", 2,
		},
		{
			"a measured figure is shown though its test passed",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: figure: 3 MB\n"}
{"Action":"pass","Package":"p","Test":"TestA"}`,
			"    figure: 3 MB\n", 0,
		},
		{
			"a package that does not compile shows the compiler's words",
			`{"Action":"build-output","ImportPath":"p","Output":"a.go:1: syntax error\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			"a.go:1: syntax error\nFAIL\tp [build failed]\n", 0,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			rep := newReport(&out)
			if err := rep.read(strings.NewReader(test.events)); err != nil {
				t.Fatal(err)
			}
			if got := rep.printSkipped(); got != test.skipped {
				t.Errorf("skipped %d, want %d", got, test.skipped)
			}
			if got := out.String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
