package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"tallygate/kit/internalapi/internalapitest"
)

// startAuthService starts a stand-in for auth-service's private listener: every user exists and nothing ever changes. It
// does not validate requests, because it shares the machine with the programs that are measured.
func startAuthService(ctx context.Context) (auth *internalapitest.AuthService, addr string, stop func(), err error) {
	auth, err = internalapitest.NewFast()
	if err != nil {
		return nil, "", nil, err
	}
	auth.SetEveryone(internalapitest.Members{"generation": 1, "ended_sessions": []any{}, "monthly_quota": nil})
	var listener net.ListenConfig
	l, err := listener.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	server := &http.Server{Handler: auth, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) //nolint:errcheck // ends with the bench
	return auth, l.Addr().String(), func() { _ = server.Close() }, nil
}
