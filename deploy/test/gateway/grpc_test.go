package gateway_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"tallygate/deploy/internal/testbed"
)

// talker is a service of gRPC: it repeats what it is told, in every kind of call.
type talker struct {
	name      string
	cancelled chan struct{} // gets a value when a call to wait is cancelled
}

// say responds with the text, its own name, and what it was told beside it. Some texts are orders.
func (s *talker) say(ctx context.Context, text string) (*wrapperspb.StringValue, error) {
	told, _ := metadata.FromIncomingContext(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs("x-server", s.name))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-after", "all", "x-blob-bin", "\x00\xff"))
	switch text {
	case "fail":
		return nil, status.Error(codes.FailedPrecondition, "no: 100 % ünwilling")
	case "wait":
		_, limited := ctx.Deadline()
		<-ctx.Done()
		s.cancelled <- struct{}{}
		return nil, fmt.Errorf("deadline: %t: %w", limited, ctx.Err())
	}
	return wrapperspb.String(text + " from " + strings.Join(told.Get("x-user-id"), ",") + strings.Join(told.Get("x-token"), ",")), nil
}

// talk is every kind of stream: it responds to each message, or to all of them at the end.
func (s *talker) talk(atEnd bool) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		var all []string
		for {
			message := new(wrapperspb.StringValue)
			if err := stream.RecvMsg(message); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			if all = append(all, message.Value); atEnd {
				continue
			}
			if err := stream.SendMsg(wrapperspb.String("re: " + message.Value)); err != nil {
				return err
			}
		}
		stream.SetTrailer(metadata.Pairs("x-count", fmt.Sprint(len(all))))
		return stream.SendMsg(wrapperspb.String(strings.Join(all, "+")))
	}
}

// startTalker serves until the test ends.
func startTalker(t *testing.T, name string) (*talker, *grpc.Server, string) {
	t.Helper()
	s := &talker{name: name, cancelled: make(chan struct{}, 8)}
	say := func(srv any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := read(in); err != nil {
			return nil, err
		}
		return srv.(*talker).say(ctx, in.Value)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Talker", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: say}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Talk", Handler: s.talk(false), ServerStreams: true, ClientStreams: true},
			{StreamName: "Collect", Handler: s.talk(true), ClientStreams: true},
		},
	}, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return s, server, l.Addr().String()
}

// newTalkerClient is a client of gRPC at a gateway.
func newTalkerClient(t *testing.T, g *gateway) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(g.addr, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func say(ctx context.Context, conn *grpc.ClientConn, text string, options ...grpc.CallOption) (string, error) {
	out := new(wrapperspb.StringValue)
	err := conn.Invoke(ctx, "/test.Talker/Say", wrapperspb.String(text), out, options...)
	return out.Value, err
}

func grpcRoutes(more []string, addrs ...string) string {
	list := `"h2c://` + strings.Join(addrs, `", "h2c://`) + `"`
	return "routes:\n  - {name: talker, path: /test.Talker, upstream: [" + list + "], " + strings.Join(append(more, "timeouts: {progress: 20s}"), ", ") + "}\n"
}

// TestGRPC: every kind of call passes, with metadata before and after.
func TestGRPC(t *testing.T) {
	t.Parallel()
	_, _, addr := startTalker(t, "one")
	g, _ := startHTTP2(t, grpcRoutes([]string{"auth: public"}, addr))
	conn := newTalkerClient(t, g)
	bounded := func(t *testing.T) context.Context { // from when it runs: a test that runs in parallel may wait for its turn
		t.Helper()
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "x-token", "T", "x-user-id", "7"), testbed.Patience)
		t.Cleanup(cancel)
		return ctx
	}
	t.Run("unary", func(t *testing.T) {
		t.Parallel()
		ctx := bounded(t)
		var before, after metadata.MD
		got, err := say(ctx, conn, "hello", grpc.Header(&before), grpc.Trailer(&after))
		if err != nil || got != "hello from T" {
			t.Fatalf("got %q, %v", got, err)
		}
		if !slices.Equal(before["x-server"], []string{"one"}) || !slices.Equal(after["x-after"], []string{"all"}) || after["x-blob-bin"][0] != "\x00\xff" {
			t.Errorf("got %v before and %v after", before, after)
		}
		long := strings.Repeat("x", 1<<20)
		if got, err := say(ctx, conn, long); err != nil || got != long+" from T" {
			t.Errorf("a long message: got %d bytes, %v", len(got), err)
		}
	})
	t.Run("a status", func(t *testing.T) {
		t.Parallel()
		ctx := bounded(t)
		var after metadata.MD
		_, err := say(ctx, conn, "fail", grpc.Trailer(&after))
		if s := status.Convert(err); s.Code() != codes.FailedPrecondition || s.Message() != "no: 100 % ünwilling" || len(after["x-after"]) != 1 {
			t.Errorf("got %v, %v", err, after)
		}
	})
	for name, kind := range map[string]grpc.StreamDesc{"Talk": {ServerStreams: true, ClientStreams: true}, "Collect": {ClientStreams: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			stream, err := conn.NewStream(ctx, &kind, "/test.Talker/"+name)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"a", "b", "c"} {
				if err := stream.SendMsg(wrapperspb.String(text)); err != nil {
					t.Fatal(err)
				}
				if name == "Talk" {
					receive(t, stream, "re: "+text)
				}
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			receive(t, stream, "a+b+c")
			if err := stream.RecvMsg(new(wrapperspb.StringValue)); !errors.Is(err, io.EOF) || !slices.Equal(stream.Trailer()["x-count"], []string{"3"}) {
				t.Errorf("at the end: got %v, %v", err, stream.Trailer())
			}
		})
	}
}

// TestGRPCDeadlines: a call that its client gives up ends at the upstream.
func TestGRPCDeadlines(t *testing.T) {
	t.Parallel()
	s, _, addr := startTalker(t, "one")
	g, _ := startHTTP2(t, grpcRoutes([]string{"auth: public"}, addr))
	conn := newTalkerClient(t, g)
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	soon, cancelSoon := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancelSoon()
	if _, err := say(soon, conn, "wait"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	<-s.cancelled
	now, cancelNow := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := say(now, conn, "wait")
		ended <- err
	}()
	cancelNow()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
}

func receive(t *testing.T, stream grpc.ClientStream, want string) {
	t.Helper()
	got := new(wrapperspb.StringValue)
	if err := stream.RecvMsg(got); err != nil || got.Value != want {
		t.Fatalf("got %q, %v, want %q", got.Value, err, want)
	}
}

// TestGRPCRefusals: what the gateway refuses has a status of gRPC.
func TestGRPCRefusals(t *testing.T) {
	t.Parallel()
	_, _, addr := startTalker(t, "one")
	gone := testbed.FreeAddress(t)
	g, _ := startHTTP2(t, grpcRoutes(nil, addr)+"  - {name: gone, path: /gone, upstream: \"h2c://"+gone+"\", auth: public}\n"+
		"  - {name: small, path: /small, upstream: \"h2c://"+addr+"\", auth: public, strip_prefix: true, max_body: 10}\n")
	conn := newTalkerClient(t, g)
	for method, want := range map[string]codes.Code{
		"/test.Talker/Say": codes.Unauthenticated, "/gone/Say": codes.Unavailable, "/nowhere/Say": codes.Unimplemented,
		"/small/test.Talker/Say": codes.ResourceExhausted, "/test.Talker//Say": codes.InvalidArgument,
	} {
		err := conn.Invoke(t.Context(), method, wrapperspb.String("a longer message than ten bytes"), new(wrapperspb.StringValue))
		if s := status.Convert(err); s.Code() != want || s.Message() == "" {
			t.Errorf("%s: got %v, want %v", method, err, want)
		}
	}
}

// TestGRPCReplicas: calls go to the replicas that are there, also while one restarts.
func TestGRPCReplicas(t *testing.T) {
	t.Parallel()
	_, first, firstAddr := startTalker(t, "one")
	_, _, secondAddr := startTalker(t, "two")
	g, _ := startHTTP2(t, grpcRoutes([]string{"auth: public"}, firstAddr, secondAddr))
	conn := newTalkerClient(t, g)
	seen := map[string]int{}
	call := func() {
		var before metadata.MD
		if _, err := say(t.Context(), conn, "hello", grpc.Header(&before)); err != nil {
			t.Fatal(err)
		}
		seen[strings.Join(before["x-server"], ",")]++
	}
	for range 50 {
		call()
	}
	if seen["one"] == 0 || seen["two"] == 0 {
		t.Errorf("the calls went to %v", seen)
	}
	first.GracefulStop() // GOAWAY, and then the end
	clear(seen)
	for range 20 {
		call()
	}
	if seen["two"] != 20 {
		t.Errorf("after one has stopped: %v", seen)
	}
}
