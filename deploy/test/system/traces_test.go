package system_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// span is one that a collector got, with the service that sent it.
type span struct {
	*tracepb.Span

	service string
}

// collector is one of OpenTelemetry's protocol over HTTP.
type collector struct {
	url string

	mu    sync.Mutex
	spans []span
	sent  bytes.Buffer
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var batch otlp.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &batch)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.take(&batch, body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) take(batch *otlp.ExportTraceServiceRequest, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Write(body)
	for _, from := range batch.GetResourceSpans() {
		service := ""
		for _, a := range from.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, span{s, service})
			}
		}
	}
}

// of returns the spans of a trace that a service has sent.
func (c *collector) of(trace, service string) (found []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == trace && s.service == service {
			found = append(found, s)
		}
	}
	return found
}

// await waits for the span of a request: of its trace, from a service, with a name.
func (c *collector) await(t *testing.T, trace, service, name string) (found span) {
	t.Helper()
	testbed.Eventually(t, name+" of "+service, func() error {
		for _, s := range c.of(trace, service) {
			if s.GetName() == name {
				found = s
				return nil
			}
		}
		return fmt.Errorf("got %v", c.of(trace, service))
	})
	return found
}

// traced calls a path within a trace of the client's. flags are those of traceparent.
func traced(t *testing.T, client *contract.Client, token, path, trace, flags string) {
	t.Helper()
	header := http.Header{
		"Authorization": {token}, "Traceparent": {"00-" + trace + "-" + clientSpan + "-" + flags}, "Tracestate": {"client=1"},
	}
	if got, err := client.Do(http.MethodGet, path, header, nil); err != nil || got.Status != http.StatusOK {
		t.Fatalf("%s: got %v, %v", path, got, err)
	}
}

const clientSpan = "00f067aa0ba902b7"

// TestATraceLeadsFromTheClientToTheDatabase follows a client's trace through the gateway to math-service, and to auth-service and its
// database. What the client does not want to be recorded is not. All log lines name the trace.
func TestATraceLeadsFromTheClientToTheDatabase(t *testing.T) {
	t.Parallel()
	to := startCollector(t)
	settings := []string{"ACCESS_LOG=on", "OTEL_EXPORTER_OTLP_ENDPOINT=" + to.url, "OTEL_BSP_SCHEDULE_DELAY=50"}
	c := cluster.Start(t, cluster.Config{Gateway: settings, Auth: append(cluster.CheapPasswords(), settings...), Math: settings})
	client := contract.NewClient(c.Gateways[0].URL)
	ada := contract.Credentials{Username: "ada-of-the-traces", Password: "not in any trace 5"}
	if got, err := client.Register(ada); err != nil || got.Status != http.StatusCreated {
		t.Fatal(got, err)
	}
	token := client.Token(t, ada)

	const toMath, toAuth, unwanted = "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4737", "4bf92f3577b34da6a3ce929d0e0e4738"
	traced(t, client, token, "/root?number=9&n=0.5", unwanted, "00")
	traced(t, client, token, "/root?number=9&n=0.5", toMath, "01")
	traced(t, client, token, "/users/me", toAuth, "01")

	atGate := to.await(t, toMath, "gateway", "GET root")
	if got := hex.EncodeToString(atGate.GetParentSpanId()); got != clientSpan || atGate.GetKind() != tracepb.Span_SPAN_KIND_SERVER {
		t.Errorf("the gateway's span: got parent %s, %v, want the client's", got, atGate.GetKind())
	}
	atMath := to.await(t, toMath, "math-service", "GET /root")
	if !bytes.Equal(atMath.GetParentSpanId(), atGate.GetSpanId()) {
		t.Errorf("math-service's span: got parent %x, want the gateway's %x", atMath.GetParentSpanId(), atGate.GetSpanId())
	}
	atAuth := to.await(t, toAuth, "auth-service", "GET /users/me")
	inDatabase := to.await(t, toAuth, "auth-service", "SELECT users")
	if !bytes.Equal(inDatabase.GetParentSpanId(), atAuth.GetSpanId()) || inDatabase.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
		t.Errorf("the database's span: got %v, want a child of %x", inDatabase, atAuth.GetSpanId())
	}
	for _, service := range []string{"gateway", "math-service"} {
		if got := to.of(unwanted, service); len(got) > 0 {
			t.Errorf("%s: the client's flag says not to record, and there are %v", service, got)
		}
	}
	for p, trace := range map[*cluster.Process]string{c.Gateways[0]: toMath, c.Maths[0]: toMath, c.Auths[0]: toAuth} {
		testbed.Eventually(t, "the trace in the access log", func() error {
			if !strings.Contains(p.Output(), `"trace_id":"`+trace+`"`) {
				return fmt.Errorf("got %s", p.Tail())
			}
			return nil
		})
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	for _, secret := range []string{ada.Username, ada.Password, strings.TrimPrefix(token, "Bearer "), "number=9"} {
		if bytes.Contains(to.sent.Bytes(), []byte(secret)) {
			t.Errorf("a trace has %q", secret)
		}
	}
	for _, s := range to.spans {
		if name := s.GetName(); strings.Contains(name, "/livez") || strings.Contains(name, "/readyz") || strings.Contains(name, "/internal") {
			t.Errorf("%s: %s is traced", s.service, name)
		}
	}
}

// TestACollectorThatIsAwayStopsNothing: calls go on, the log says once that traces are lost, and the services stop in time.
func TestACollectorThatIsAwayStopsNothing(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // it accepts nobody
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	settings := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + silent.Addr().String(), "OTEL_BSP_SCHEDULE_DELAY=20", "OTEL_BSP_EXPORT_TIMEOUT=200", "OTEL_BSP_MAX_QUEUE_SIZE=64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=64"}
	c := cluster.Start(t, cluster.Config{Gateway: settings, Auth: append(cluster.CheapPasswords(), settings...), Math: settings})
	client := contract.NewClient(c.Gateways[0].URL)
	ada := contract.Credentials{Username: "ada", Password: "123456"}
	if got, err := client.Register(ada); err != nil || got.Status != http.StatusCreated {
		t.Fatal(got, err)
	}
	token := client.Token(t, ada)
	for range 500 { // more than the queue holds
		if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
			t.Fatal(got, err)
		}
	}
	for _, p := range c.Services() {
		testbed.Eventually(t, "the loss in the log", func() error {
			if !strings.Contains(p.Output(), "traces cannot be sent") {
				return fmt.Errorf("got %s", p.Tail())
			}
			return nil
		})
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if code, err := p.ExitCode(); err != nil || code != 0 {
			t.Errorf("stopped with %d, %v", code, err)
		}
	}
}
