package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
)

// uploadsOfOne is how many bodies of one address are on their way at once, in these tests.
const uploadsOfOne = 16

// long is a body that is passed on as it comes.
var long = strings.Repeat("x", 64<<10)

// dialFrom opens a connection from an address of this machine.
func dialFrom(t *testing.T, from, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := dialer.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs fails
	return c, bufio.NewReader(c)
}

// half sends a request without the end of its body.
func half(t *testing.T, c net.Conn) {
	t.Helper()
	send(t, c, fmt.Sprintf("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(long)+1, long))
}

func TestUploadsOfOneAddressWaitForEachOther(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 100)
	gw := gateWith(t, edge.Config{ConnectionsPerAddress: uploadsOfOne * 4}, open("/a", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- r.Header.Get("X-Forwarded-For")
		_, _ = io.Copy(io.Discard, r.Body)
	})))
	var held []net.Conn
	var responses []*bufio.Reader
	for range uploadsOfOne {
		c, r := dialFrom(t, "127.0.0.1", gw)
		half(t, c)
		<-begun
		held, responses = append(held, c), append(responses, r)
	}
	waits, response1 := dialFrom(t, "127.0.0.1", gw)
	half(t, waits)
	other, responseOther := dialFrom(t, "127.0.0.2", gw)
	half(t, other)
	if from := <-begun; from != "127.0.0.2" {
		t.Errorf("the body of %s is passed on, want the other address's", from)
	}
	send(t, other, "y")
	if resp, _ := response(t, responseOther, "POST"); resp.StatusCode != 200 {
		t.Errorf("another address: got %d", resp.StatusCode)
	}
	short, responseShort := dialFrom(t, "127.0.0.1", gw)
	send(t, short, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	if resp, _ := response(t, responseShort, "POST"); resp.StatusCode != 200 {
		t.Errorf("a short body: got %d", resp.StatusCode)
	}
	if <-begun; len(begun) != 0 {
		t.Error("a further body of the address was passed on")
	}
	send(t, held[0], "y")
	if resp, _ := response(t, responses[0], "POST"); resp.StatusCode != 200 {
		t.Errorf("the first one: got %d", resp.StatusCode)
	}
	<-begun // the turn of the one that waits
	send(t, waits, "y")
	if resp, _ := response(t, response1, "POST"); resp.StatusCode != 200 {
		t.Errorf("the one that waited: got %d", resp.StatusCode)
	}
}

// TestABodyThatHasComeKeepsNobodyWaiting: only its response is still awaited.
func TestABodyThatHasComeKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	received, respond := make(chan struct{}), make(chan struct{})
	gw := gateWith(t, edge.Config{ConnectionsPerAddress: uploadsOfOne * 4}, open("/a", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		received <- struct{}{}
		<-respond
	})))
	var responses []*bufio.Reader
	for range uploadsOfOne + 4 {
		c, r := dial(t, gw)
		half(t, c)
		send(t, c, "y")
		<-received
		responses = append(responses, r)
	}
	close(respond)
	for _, r := range responses {
		if resp, _ := response(t, r, "POST"); resp.StatusCode != 200 {
			t.Errorf("got %d", resp.StatusCode)
		}
	}
}

// TestAProxysUploadsHaveNoBound: a trusted proxy that does not say whose requests it forwards is not one client.
func TestAProxysUploadsHaveNoBound(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	gw := gateWith(t, edge.Config{ConnectionsPerAddress: uploadsOfOne * 4, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, open("/a", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
	})))
	for range uploadsOfOne + 4 {
		c, _ := dial(t, gw)
		half(t, c)
		<-begun
	}
}
