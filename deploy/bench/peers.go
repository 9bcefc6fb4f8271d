package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"tallygate/deploy/internal/testbed"
)

// responseBody is the upstream's response to every request: small JSON, like math-service's.
const responseBody = `{"root":51.42150122383022}`

const upstreamConf = `
worker_processes 1; pid DIR/upstream.pid; error_log DIR/upstream.err; daemon off;
events { worker_connections 8192; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  server { listen ADDR backlog=4096; location / { default_type application/json; return 200 'BODY'; } } }
`

const nginxConf = `
worker_processes 2; pid DIR/nginx.pid; error_log DIR/nginx.err; daemon off;
events { worker_connections 8192; }
http { access_log LOG; keepalive_requests 100000000; keepalive_timeout 300s;
  upstream u { server UPSTREAM; keepalive 512; keepalive_requests 100000000; }
  server { listen ADDR backlog=4096; location / { proxy_pass http://u; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; } } }
`

// haproxyConf does what the gateway does: verify HS256, check exp, count per subject, proxy.
const haproxyConf = `
global
  nbthread 2
  maxconn 8000
defaults
  mode http
LOG  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-keep-alive
frontend checked
  bind ADDR
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str HS256 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"SECRET") 1 }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request track-sc0 var(txn.sub) table users
  option forwardfor
  default_backend upstream
backend users
  stick-table type string len 64 size 1m expire 24h store http_req_cnt
backend upstream
  http-reuse always
  server s1 UPSTREAM
`

func (b *bench) startUpstream(ctx context.Context) error {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return err
	}
	b.upstream = addr
	return b.startConfigured(ctx, addr, "upstream.conf", strings.ReplaceAll(upstreamConf, "BODY", responseBody), "nginx", "-c")
}

// startNginx starts an nginx that only proxies, and returns its address.
func (b *bench) startNginx(ctx context.Context, logging bool) (*process, string, error) {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	log := "off"
	if logging {
		log = "DIR/nginx.access"
	}
	err = b.startConfigured(ctx, addr, "nginx.conf", strings.ReplaceAll(nginxConf, "LOG", log), "nginx", "-c")
	return b.running[len(b.running)-1], addr, err
}

// startHAProxy starts an HAProxy that checks and counts, and returns its address.
func (b *bench) startHAProxy(ctx context.Context, logging bool) (*process, string, error) {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	log := ""
	if logging {
		log = "  log stdout format raw local0\n  option httplog\n"
	}
	err = b.startConfigured(ctx, addr, "haproxy.cfg", strings.ReplaceAll(haproxyConf, "LOG", log), "haproxy", "-db", "-f")
	return b.running[len(b.running)-1], addr, err
}

// startConfigured starts a program with a configuration file as its last argument.
func (b *bench) startConfigured(ctx context.Context, addr, file, conf string, program string, args ...string) error {
	path := filepath.Join(b.dir, file)
	text := strings.NewReplacer("DIR", b.dir, "ADDR", addr, "UPSTREAM", b.upstream, "SECRET", b.secret).Replace(conf)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	_, err := b.start(ctx, listeningOn(addr), nil, program, append(args, path)...)
	return err
}
