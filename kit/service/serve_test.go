package service_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/kit/httpd"
	"tallygate/kit/service"
)

type running struct {
	public, private string
	stop            context.CancelFunc
	ended           chan error
}

func start(t *testing.T, handler http.Handler, cfg service.Config) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan [2]net.Addr, 1)
	cfg.Addr, cfg.PrivateAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Log = slog.New(slog.DiscardHandler)
	cfg.Public, cfg.Metrics = httpd.NewServer(handler, cfg.Log), service.NewRegistry("test", io.Discard)
	cfg.Ready = func(public, private net.Addr) { opened <- [2]net.Addr{public, private} }
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx, cfg) }()
	addrs := <-opened
	t.Cleanup(cancel)
	return running{"http://" + addrs[0].String(), "http://" + addrs[1].String(), cancel, ended}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAStoppingServiceFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	ready := httpd.NewReadiness()
	stopping := make(chan struct{})
	s := start(t, handler, service.Config{Readiness: ready, Stopping: func() { close(stopping) }, Drain: 10 * time.Second})
	if status, _ := get(t, s.private+"/readyz"); status != 200 {
		t.Fatalf("readyz before: %d", status)
	}
	response := make(chan string, 1)
	go func() { _, body := get(t, s.public); response <- body }()
	<-begun
	s.stop()
	for ready.Err(t.Context()) == nil { // Run sets it right after the context ends
		select {
		case err := <-s.ended:
			t.Fatalf("ended with a request in flight: %v", err)
		default:
		}
	}
	<-stopping
	close(release)
	if got := <-response; got != "done" {
		t.Errorf("in flight: got %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("clean stop: got %v", err)
	}
}

func TestTheDrainHasATimeout(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	s := start(t, handler, service.Config{Readiness: httpd.NewReadiness(), Drain: time.Millisecond})
	go func() {
		resp, err := http.Get(s.public)
		if err == nil {
			resp.Body.Close()
		}
	}()
	<-begun
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("got %v, want nil after the bound", err)
	}
}

func TestReadinessFollowsItsChecksAndPublicResponsesHideTheReason(t *testing.T) {
	t.Parallel()
	ready := httpd.NewReadiness(func(context.Context) error { return errors.New("database is away") })
	s := start(t, ready, service.Config{Readiness: ready})
	if status, body := get(t, s.private+"/readyz"); status != 503 || !strings.Contains(body, "database is away") {
		t.Errorf("private: %d %s", status, body)
	}
	if status, body := get(t, s.public+"/readyz"); status != 503 || strings.Contains(body, "database") {
		t.Errorf("public: %d %s", status, body)
	}
	if status, _ := get(t, s.private+"/livez"); status != 200 {
		t.Errorf("livez: %d", status)
	}
	if status, body := get(t, s.private+"/metrics"); status != 200 || !strings.Contains(body, `tallygate_build_info{commit="unknown",service="test",version="dev"} 1`) {
		t.Errorf("metrics: %d", status)
	}
}

func TestAnotherListenerServesAndStopsToo(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := taken.Addr().String()
	log := slog.New(slog.DiscardHandler)
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	another := []service.Listener{{Name: "OTHER_ADDR", Addr: addr, Server: httpd.NewServer(hello, log)}}
	cfg := service.Config{
		Addr: "127.0.0.1:0", Public: httpd.NewServer(http.NotFoundHandler(), log), PrivateAddr: "127.0.0.1:0",
		Metrics: service.NewRegistry("test", io.Discard), Readiness: httpd.NewReadiness(), Log: log, More: another,
	}
	if err := service.Run(t.Context(), cfg); err == nil || !strings.HasPrefix(err.Error(), "OTHER_ADDR: ") {
		t.Errorf("the port is taken: got %v, want an error that names OTHER_ADDR", err)
	}
	taken.Close()
	s := start(t, http.NotFoundHandler(), service.Config{Readiness: httpd.NewReadiness(), Drain: 10 * time.Second, More: another})
	if status, body := get(t, "http://"+addr); status != 200 || body != "hello" {
		t.Errorf("got %d %q", status, body)
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("clean stop: got %v", err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	log := slog.New(slog.DiscardHandler)
	err = service.Run(t.Context(), service.Config{
		Addr: l.Addr().String(), Public: httpd.NewServer(http.NotFoundHandler(), log),
		PrivateAddr: "127.0.0.1:0", Metrics: service.NewRegistry("test", io.Discard), Readiness: httpd.NewReadiness(), Log: log,
	})
	if err == nil || !strings.HasPrefix(err.Error(), "ADDR: ") || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, want an error that names ADDR and the address", err)
	}
}
