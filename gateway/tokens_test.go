package main

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

func TestTheGatewayDecidesEveryTokenAsListed(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{token.HS256, token.EdDSA, token.ES256} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			p, vars := params(), map[string]string{}
			if alg != token.HS256 {
				p.Key = tokentest.NewKey(alg)
				vars["JWT_SECRET"], vars["JWT_PUBLIC_KEYS_FILE"] = "", filepath.Join(t.TempDir(), "keys")
				write(t, vars["JWT_PUBLIC_KEYS_FILE"], p.Key.PublicPEM())
			}
			decidesAsListed(t, start(t, vars), p)
		})
	}
}

func decidesAsListed(t *testing.T, g *running, p tokentest.Params) {
	t.Helper()
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
