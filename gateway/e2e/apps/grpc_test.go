package apps

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // for the client that asks for it
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

var grpcInterop = application{
	name:      "gRPC",
	what:      "the interop test service and its test cases, by the makers of gRPC-Go: all four kinds of call",
	moved:     []string{"/grpc.testing.TestService/UnaryCall", "/grpc.testing.TestService/StreamingInputCall", "/grpc.health.v1.Health/{method}"},
	transport: "{ versions: [h2c] }",
	start:     startGRPC,
	visit:     visitGRPC,
}

func startGRPC(t *testing.T, _ string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

func visitGRPC(t *testing.T, url string) []exchange {
	seen := &calls{}
	conn, err := grpc.NewClient(strings.TrimPrefix(url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(seen), grpc.WithAuthority(host))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, client := t.Context(), testgrpc.NewTestServiceClient(conn)
	// Each of these ends the process, and says why, where an answer is not what it should be.
	interop.DoEmptyUnaryCall(ctx, client)
	interop.DoLargeUnaryCall(ctx, client)
	interop.DoLargeUnaryCall(ctx, client, grpc.UseCompressor("gzip"))
	interop.DoClientStreaming(ctx, client)
	interop.DoServerStreaming(ctx, client)
	interop.DoPingPong(ctx, client)
	interop.DoEmptyStream(ctx, client)
	interop.DoTimeoutOnSleepingServer(ctx, client)
	interop.DoCancelAfterBegin(ctx, client)
	interop.DoCancelAfterFirstResponse(ctx, client)
	interop.DoCustomMetadata(ctx, client)
	interop.DoStatusCodeAndMessage(ctx, client)
	interop.DoSpecialStatusMessage(ctx, client)
	interop.DoUnimplementedMethod(ctx, conn)
	interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(conn))
	for _, service := range []string{"", "nobody"} { // the second one is not found
		_, _ = healthgrpc.NewHealthClient(conn).Check(ctx, &healthgrpc.HealthCheckRequest{Service: service})
	}
	return append(seen.exchanges(t), trailersOnly(t, url)...)
}

// trailersOnly asks as a client of HTTP/2 that knows nothing of gRPC: an answer that is
// an error and nothing else is a header that ends the stream, to which nothing is added.
func trailersOnly(t *testing.T, url string) []exchange {
	t.Helper()
	client := speaking((*http.Protocols).SetUnencryptedHTTP2, nil)
	defer closeClient(client)
	var all []exchange
	for _, method := range []string{"TestService/UnimplementedCall", "TestService/FullDuplexCall", "Nobody/Call"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/grpc.testing."+method, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.Header = host, http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
		all = append(all, roundTrip(t, client, r))
	}
	return all
}

// calls notes what a client of gRPC sees of each call, in the order in which they begin.
type calls struct {
	mu    sync.Mutex
	begun []*exchange
	open  sync.WaitGroup
}

type callKey struct{}

// TagRPC begins a call.
func (c *calls) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := &exchange{Step: info.FullMethodName, Framing: "gRPC"}
	c.begun = append(c.begun, x)
	c.open.Add(1)
	return context.WithValue(ctx, callKey{}, x)
}

// HandleRPC notes what comes of it.
func (c *calls) HandleRPC(ctx context.Context, event stats.RPCStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := ctx.Value(callKey{}).(*exchange)
	switch event := event.(type) {
	case *stats.InHeader:
		x.Fields = lines(event.Header)
	case *stats.InTrailer:
		x.Trailer = lines(event.Trailer)
	case *stats.InPayload:
		message, err := proto.MarshalOptions{Deterministic: true}.Marshal(event.Payload.(proto.Message))
		x.Body += fmt.Sprintf("%d bytes %x %v\n", event.Length, message, err)
	case *stats.End:
		s := status.Convert(event.Error)
		x.Status, x.Reason = int(s.Code()), s.Message()
		if s.Code() == codes.Canceled || s.Code() == codes.DeadlineExceeded {
			// What had come by then is a matter of chance, as is who was first to notice.
			x.Fields, x.Trailer, x.Body, x.Reason = nil, nil, "", ""
		}
		c.open.Done()
	}
}

// TagConn and HandleConn are what a stats.Handler has to have.
func (c *calls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (c *calls) HandleConn(context.Context, stats.ConnStats) {}

// exchanges waits until all calls have ended.
func (c *calls) exchanges(t *testing.T) []exchange {
	t.Helper()
	c.open.Wait()
	var all []exchange
	for _, x := range c.begun {
		all = append(all, *x)
	}
	return all
}

func lines(md metadata.MD) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(md)) {
		for _, value := range md[name] {
			all = append(all, name+": "+value)
		}
	}
	return all
}
