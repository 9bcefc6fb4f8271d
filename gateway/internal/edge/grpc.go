package edge

import (
	"bytes"
	"net/http"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/problem"
)

// grpcStatus is a status of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
type grpcStatus string

const (
	grpcInvalidArgument   grpcStatus = "3"
	grpcPermissionDenied  grpcStatus = "7"
	grpcResourceExhausted grpcStatus = "8"
	grpcUnimplemented     grpcStatus = "12"
	grpcInternal          grpcStatus = "13"
	grpcUnavailable       grpcStatus = "14"
	grpcUnauthenticated   grpcStatus = "16"
)

// grpcStatusOf is the status for a problem's. Where gRPC says what a client makes of a status of HTTP, it is that; but a limit is told
// from an upstream that is away.
func grpcStatusOf(status int) grpcStatus {
	switch status {
	case http.StatusUnauthorized:
		return grpcUnauthenticated
	case http.StatusForbidden:
		return grpcPermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return grpcUnimplemented
	case http.StatusTooManyRequests, http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
		return grpcResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout, http.StatusMisdirectedRequest:
		return grpcUnavailable
	}
	if status < http.StatusInternalServerError {
		return grpcInvalidArgument
	}
	return grpcInternal
}

// isGRPC reports whether a client speaks gRPC, and so reads no problems: its request, whose head is complete, has the type
// application/grpc, perhaps with "+" or parameters.
func isGRPC(r *wire.Request) bool {
	for i := range r.Fields() {
		if len(r.Name(i)) != len("Content-Type") || !bytes.EqualFold(r.Name(i), []byte("Content-Type")) {
			continue
		}
		rest, ok := bytes.CutPrefix(r.Value(i), []byte("application/grpc"))
		return ok && (len(rest) == 0 || rest[0] == '+' || rest[0] == ';')
	}
	return false
}

// respondGRPC sends a problem to a client of gRPC, in a head that is the whole response (Trailers-Only). Logs, metrics and usage have the
// problem's own status.
func (k *call) respondGRPC(d *problem.Details) {
	w := k.startResponse(http.StatusOK)
	w.Add("Content-Type", "application/grpc")
	w.AddNamed("Grpc-Status", string(grpcStatusOf(d.Status)))
	detail := d.Detail
	if detail == "" {
		detail = http.StatusText(d.Status)
	}
	w.AddFunc("Grpc-Message", func(b []byte) []byte { return appendPercent(b, detail) })
	addOtherFields(&w, d)
	k.finishResponse(http.StatusOK, &w, nil)
	k.status = d.Status
}

// addOtherFields adds what a problem says in fields, like Retry-After.
func addOtherFields(w *wire.HeadWriter, d *problem.Details) {
	for name, values := range d.Header {
		for _, value := range values {
			w.AddNamed(name, value)
		}
	}
}

// appendPercent appends a message as gRPC asks for it: printable ASCII as it is, but for "%".
func appendPercent(b []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; c >= ' ' && c <= '~' && c != '%' {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}
