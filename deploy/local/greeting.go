package main

import (
	_ "embed"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// firstCalls are also what `make up` prints.
//
//go:embed first-calls.txt
var firstCalls string

// greet prints the gateway's address and the first calls to try, which are under prefix.
func greet(out io.Writer, addr, prefix, dataDir string, took time.Duration) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "80"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	url := "http://" + net.JoinHostPort(host, port)
	fmt.Fprintf(out, "\nTallygate is ready at %s (started in %s; logs in %s/logs; Ctrl-C stops it).\n%s",
		url, took.Round(10*time.Millisecond), dataDir, strings.ReplaceAll(firstCalls, "URL", url+prefix))
}
