package gateway_test

import (
	"net"
	"testing"
)

// mayCost is how much memory an idle connection may hold.
const mayCost = 8 << 10

// TestIdleConnections opens ten thousand connections, uses each once and leaves it open.
func TestIdleConnections(t *testing.T) { //nolint:paralleltest // it takes most of the files that a process may open
	const connections = 10000
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr), "MAX_CONNECTIONS=15000", "CONNECTIONS_PER_ADDRESS=0")
	client := newClient(t)
	if _, err := fetch(client, g.url("/c")); err != nil {
		t.Fatal(err)
	}
	before := g.residentBytes(t)
	for range connections {
		conn, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		idle := &rawConn{conn, nil}
		idle.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
		if _, err := conn.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
	}
	each := (g.residentBytes(t) - before) / connections
	t.Logf("figure: %d bytes of memory for each of %d idle connections", each, connections)
	may := int64(mayCost)
	if authority != nil {
		may += may / 4 // what the collector has not collected of TLS
	}
	if each > may {
		t.Errorf("an idle connection holds %d bytes, want at most %d", each, may)
	}
	if _, err := fetch(client, g.url("/c")); err != nil {
		t.Errorf("beside them: %v", err)
	}
}
