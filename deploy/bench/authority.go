package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// authority plays auth-service's private listener: every user exists and nothing ever changes.
func authority(ctx context.Context) (addr string, stop func(), err error) {
	var listener net.ListenConfig
	l, err := listener.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"user_id":%d,"exists":true,"disabled":false,"generation":1,"role":"","version":1,"ended_sessions":[],"monthly_quota":null}`, id)
	})
	mux.HandleFunc("GET /internal/changes", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") != "" {
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Second):
			}
		}
		_, _ = io.WriteString(w, `{"cursor":"1","users":[]}`)
	})
	mux.HandleFunc("/internal/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) //nolint:errcheck // ends with the bench
	return l.Addr().String(), func() { _ = server.Close() }, nil
}
