package gateway_test

import (
	"io"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"tallygate/kit/tlstest"
)

// replicaVariable makes the test program an upstream at this address. A process can be killed or paused.
const replicaVariable = "GATEWAY_TEST_REPLICA"

// certVariable and keyVariable name the files with which such an upstream speaks TLS.
const (
	certVariable = "GATEWAY_TEST_REPLICA_CERT"
	keyVariable  = "GATEWAY_TEST_REPLICA_KEY"
)

func serveReplica(addr string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Replica", addr)
		_, _ = io.WriteString(w, addr)
	})
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Minute}
	var err error
	if cert := os.Getenv(certVariable); cert != "" {
		err = server.ListenAndServeTLS(cert, os.Getenv(keyVariable))
	} else {
		err = server.ListenAndServe()
	}
	if err != nil {
		os.Exit(1)
	}
}

// startReplica runs an upstream in a process of its own.
func startReplica(t *testing.T, addr string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{replicaVariable + "=" + addr}
	if authority != nil {
		cert, key := tlstest.Files(t, authority.Certificate(t, "127.0.0.1"))
		settings = append(settings, certVariable+"="+cert, keyVariable+"="+key)
	}
	p := start(t, self, nil, settings...)
	p.awaitListening(t, addr)
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as a crash does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}
