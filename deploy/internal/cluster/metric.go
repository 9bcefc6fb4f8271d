package cluster

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Metric is the sum of a metric's samples whose labels contain the text.
func (p *Process) Metric(t testing.TB, name, labels string) float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.PrivateURL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(got.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		if !strings.Contains(lines.Text(), "{") {
			series, value, _ = strings.Cut(lines.Text(), " ")
		}
		if base, _, _ := strings.Cut(series, "{"); base == name && strings.Contains(series, labels) {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			sum += number
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sum
}
