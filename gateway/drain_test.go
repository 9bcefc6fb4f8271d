package main

import (
	"net"
	"net/http"
	"testing"
)

func TestAStoppingGatewayFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	g := start(t, map[string]string{"MATH_URL": serverAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/root" {
			close(begun)
			<-release
		}
		echo(w, r)
	})})
	idle, err := net.Dial("tcp", g.public)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	type result struct {
		status int
		body   string
	}
	got := make(chan result, 1)
	go func() {
		status, body := g.get(t, "/root", params().Token())
		got <- result{status, body}
	}()
	<-begun
	g.stop()
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("an idle connection is kept")
	}
	close(release)
	if r := <-got; r != (result{200, "GET /root user 7"}) {
		t.Errorf("in flight: got %v", r)
	}
}
