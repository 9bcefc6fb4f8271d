package admission

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tallygate/auth-service/internal/guess"
	"tallygate/kit/httpd"
	"tallygate/kit/problem"
)

// retryAfter is how long clients are asked to wait.
const retryAfter = 2 * time.Second

// Requests is a handler that lets in a bounded number of requests at once, and decides before it reads their bodies. An address
// gets at most as many as are free, so one address alone gets half, and others always find room. What is not let in gets 503
// at once, and its body is not awaited.
type Requests struct {
	next    http.Handler
	most    int
	trusted []netip.Prefix

	mu        sync.Mutex
	inFlight  int
	byNetwork map[string]int
	refused   uint64
}

// NewRequests returns a handler that lets in at most so many requests. trusted are the proxies that are believed about clients'
// addresses.
func NewRequests(next http.Handler, most int, trusted []netip.Prefix) *Requests {
	return &Requests{next: next, most: most, trusted: trusted, byNetwork: map[string]int{}}
}

// ServeHTTP implements http.Handler.
func (q *Requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
		q.next.ServeHTTP(w, r)
		return
	}
	network := guess.Network(httpd.ClientOf(r, q.trusted))
	if !q.enter(network) {
		refuse(w, r)
		return
	}
	defer q.leave(network)
	if r.ContentLength != 0 {
		body := newPacedBody(w, r.Body)
		r.Body = body
		// A handler that does not read the body leaves it to the server, which drops it in the same time.
		body.await()
	}
	q.next.ServeHTTP(w, r)
}

func (q *Requests) enter(network string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.byNetwork[network] >= q.most-q.inFlight {
		q.refused++
		return false
	}
	q.inFlight++
	q.byNetwork[network]++
	return true
}

func (q *Requests) leave(network string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight--
	if q.byNetwork[network]--; q.byNetwork[network] == 0 {
		delete(q.byNetwork, network)
	}
}

// refuse responds as the API does. If there is a body, the connection closes, so that nobody waits for it.
func refuse(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set(httpd.RequestIDHeader, httpd.RequestID(r.Header.Get(httpd.RequestIDHeader)))
	header.Set("X-Content-Type-Options", "nosniff")
	if r.ContentLength != 0 {
		header.Set("Connection", "close")
	}
	problem.Unavailable("The service has too many requests in flight; try again soon.", retryAfter).Write(w)
}

// counts are for metrics.
func (q *Requests) counts() (inFlight int, refused uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.inFlight, q.refused
}
