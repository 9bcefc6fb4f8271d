package service

import (
	"net/http"
	"strings"

	"tallygate/kit/problem"
)

// withProblems serves mux. Where mux has no route it responds with problems instead of text.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		head := headOnly{header: http.Header{}}
		refusal.ServeHTTP(&head, r)
		if head.status == http.StatusMethodNotAllowed {
			problem.MethodNotAllowed(strings.Split(head.header.Get("Allow"), ", ")).Write(w)
			return
		}
		problem.NotFound().Write(w)
	})
}

// headOnly keeps the head of a response and drops its body.
type headOnly struct {
	header http.Header
	status int
}

func (h *headOnly) Header() http.Header { return h.header }

func (h *headOnly) WriteHeader(status int) { h.status = status }

func (h *headOnly) Write(body []byte) (int, error) { return len(body), nil }
