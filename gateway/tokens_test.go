package main

import (
	"io"
	"net"
	"strings"
	"testing"

	"tallygate/kit/token/tokentest"
)

func TestTheGatewayDecidesEveryTokenAsListed(t *testing.T) {
	t.Parallel()
	g := start(t, nil)
	p := params()
	for _, v := range append(tokentest.Vectors(p), tokentest.SessionVectors(p, false)...) {
		conn, err := net.Dial("tcp", g.public)
		if err != nil {
			t.Fatal(err)
		}
		var head strings.Builder
		head.WriteString("GET /root HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
		for _, value := range v.Authorization {
			head.WriteString("Authorization: " + value + "\r\n")
		}
		_, _ = io.WriteString(conn, head.String()+"\r\n") // a refused head may get its response before all of it is sent
		response, _ := io.ReadAll(conn)
		conn.Close()
		status, _, _ := strings.Cut(strings.TrimPrefix(string(response), "HTTP/1.1 "), " ")
		switch {
		case v.Accept && status != "200":
			t.Errorf("%s: got %s, want 200", v.Name, response)
		case v.Accept:
		case status != "401" && status != "400" && status != "431": // 400: no HTTP; 431: larger than any head
			t.Errorf("%s: got %s, want 401", v.Name, status)
		case status == "401" && !strings.HasSuffix(string(response), "\r\n\r\n"+`{"message":"Token is not valid"}`):
			t.Errorf("%s: got %s", v.Name, response)
		}
	}
}
