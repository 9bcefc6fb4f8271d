package forward

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/wire"
)

// Config is what an Engine needs.
type Config struct {
	Watch *wire.Watch
	// Via names this gateway in the Via field.
	Via string
	// BodyRate is how many bytes of a body must come in a second, on average, until the response begins; 0: any number.
	BodyRate int64
	// Budget counts the memory of responses and streams; may be nil.
	Budget *wire.Budget
}

// Engine holds what all exchanges share. Its methods may be called by many goroutines.
type Engine struct {
	watch   *wire.Watch
	via     string
	rate    int64 // of bodies
	buffers *wire.Pool
	blocks  *blocks // for streaming
	retries prometheus.Counter
}

// New returns an Engine.
func New(cfg Config) *Engine {
	return &Engine{
		watch: cfg.Watch, via: cfg.Via, rate: cfg.BodyRate, buffers: wire.NewLargePool(cfg.Budget),
		blocks: newBlocks(cfg.Budget),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tallygate_gateway_retries_total", Help: "Requests that were sent again.",
		}),
	}
}

// Collector returns the engine's metrics.
func (e *Engine) Collector() prometheus.Collector { return e.retries }

// BodyRate is the Config's.
func (e *Engine) BodyRate() int64 { return e.rate }

// Do sends the request and passes the response on, in the memory of x, which serves one request at a time. If the outcome is
// that the response is a stream, Finish has to follow. The caller changes Request, and what it points to, only after that.
func (e *Engine) Do(x *Exchange, r *Request) Outcome {
	x.req, x.engine = r, e
	x.in.Pool = e.buffers
	defer x.forgetUnlessStreaming()
	return x.do()
}

// Finish passes on a response that is a stream. It waits as long as the stream lasts, and meanwhile holds the whole stack, which
// never becomes smaller than four times what is in use: so it is called where that is little, and nothing below it has a large frame.
func (e *Engine) Finish(x *Exchange, out *Outcome) {
	defer x.finished()
	x.stream.run(out)
	out.BytesIn += x.sent
}
