package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tallygate/kit/env"
	"tallygate/kit/token/tokentest"
)

const secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"

func lookup(vars map[string]string) env.Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func TestTheServiceNeedsNothingButTheSecret(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, lookup(map[string]string{"ADDR": "127.0.0.1:0", "PRIVATE_ADDR": "127.0.0.1:0", "JWT_SECRET": secret}),
			io.Discard, func(public, _ net.Addr) { opened <- public.String() })
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+<-opened+"/root?number=88&n=0.88", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := tokentest.Params{Secret: secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(), UserID: "1"}
	req.Header.Set("Authorization", "Bearer "+p.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(body) != `{"root":51.42150122383022}` {
		t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("after the context has ended: %v", err)
	}
}

func TestBothListenersAreOnLoopbackByDefault(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{defaultAddr, defaultPrivateAddr} {
		if at, err := netip.ParseAddrPort(addr); err != nil || !at.Addr().IsLoopback() {
			t.Errorf("got %s (%v), want an address of loopback", addr, err)
		}
	}
}

func TestEveryMistakeInTheSettingsIsNamed(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), lookup(map[string]string{"JWT_SECRET": "short", "JWT_TTL": "soon", "LOG_LEVEL": "loud"}), io.Discard)
	if err == nil {
		t.Fatal("it started")
	}
	for _, name := range []string{"JWT_SECRET", "JWT_TTL", "LOG_LEVEL"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}
