package service

import (
	"net/http"
	"strings"

	"tallygate/kit/problem"
)

// withProblems serves what mux has, and answers with problems where mux, which has nothing, would answer with text.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := headOnly{header: http.Header{}}
		refusal.ServeHTTP(&said, r)
		if said.status == http.StatusMethodNotAllowed {
			problem.MethodNotAllowed(strings.Split(said.header.Get("Allow"), ", ")).Write(w)
			return
		}
		problem.NotFound().Write(w)
	})
}

// headOnly takes an answer and drops its body.
type headOnly struct {
	header http.Header
	status int
}

func (h *headOnly) Header() http.Header { return h.header }

func (h *headOnly) WriteHeader(status int) { h.status = status }

func (h *headOnly) Write(body []byte) (int, error) { return len(body), nil }
