package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/internalapi/internalapitest"
	"tallygate/kit/token/tokentest"
)

// bench holds what all parts use: the upstream, the secret, the running programs.
type bench struct {
	settings
	dir         string
	secret      string
	fake        *internalapitest.AuthService
	authService string // its address
	running     []*process
	stops       []func()
}

func newBench(ctx context.Context, s settings) (*bench, error) {
	dir, err := os.MkdirTemp("", "tallygate-bench-")
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails
	b := &bench{settings: s, dir: dir, secret: hex.EncodeToString(raw)}
	fake, addr, stop, err := startAuthService(ctx)
	if err != nil {
		return nil, err
	}
	b.fake, b.authService, b.stops = fake, addr, []func(){stop}
	if b.upstream == "" {
		err = b.startUpstream(ctx)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	for _, p := range b.running {
		p.stop()
	}
	for _, stop := range b.stops {
		stop()
	}
	_ = os.RemoveAll(b.dir) // in the temporary folder
}

// writeTokens writes a file with one token on each line, each of another user, and returns its path.
func (b *bench) writeTokens(users int) (string, error) {
	var lines strings.Builder
	for i := 1; i <= users; i++ {
		p := tokentest.Params{
			Secret: b.secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(),
			UserID: strconv.Itoa(i), SessionID: "session-" + strconv.Itoa(i), Generation: 1,
		}
		lines.WriteString(p.Token() + "\n")
	}
	file := filepath.Join(b.dir, fmt.Sprintf("tokens-%d", users))
	return file, os.WriteFile(file, []byte(lines.String()), 0o600)
}

// gateway is a running gateway.
type gateway struct {
	*process
	addr string
}

// startGateway starts the gateway as it is delivered. It forwards /root to rootAddr.
func (b *bench) startGateway(ctx context.Context, rootAddr string, more ...string) (*gateway, error) {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, err
	}
	private, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.start(ctx, readyOn(private), append([]string{
		"ADDR=" + addr, "PRIVATE_ADDR=" + private, "JWT_SECRET=" + b.secret, "INTERNAL_SECRET=" + b.secret + "-internal",
		"AUTH_URL=http://" + b.upstream, "AUTH_PRIVATE_URL=http://" + b.authService, "MATH_URL=http://" + rootAddr,
		"STATE_DIR=" + filepath.Join(b.dir, "state"),
	}, more...), filepath.Join(b.bin, "gateway"))
	return &gateway{p, addr}, err
}

// startMath starts math-service and returns its address.
func (b *bench) startMath(ctx context.Context, more ...string) (*process, string, error) {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	private, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	environ := append([]string{"ADDR=" + addr, "PRIVATE_ADDR=" + private, "JWT_SECRET=" + b.secret}, more...)
	p, err := b.start(ctx, readyOn(private), environ, filepath.Join(b.bin, "math-service"))
	return p, addr, err
}

// hold keeps upstream and gateway running, for a check from outside.
func (b *bench) hold(ctx context.Context) error {
	tokens, err := b.writeTokens(200)
	if err != nil {
		return err
	}
	g, err := b.startGateway(ctx, b.upstream)
	if err != nil {
		return err
	}
	fmt.Printf("TOKENS=@%s SECRET=%s ADDR=%s PID=%d UPSTREAM=%s\n", tokens, b.secret, g.addr, g.PID(), b.upstream)
	<-ctx.Done()
	return nil
}
