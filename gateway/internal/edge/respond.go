package edge

import (
	"bytes"
	"net/http"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/problem"
)

// respond sends a problem.
func (k *call) respond(d *problem.Details) {
	if k.grpc {
		k.respondGRPC(d)
		return
	}
	body := d.Body()
	w := k.startResponse(d.Status)
	addProblemFields(&w, d)
	k.finishResponse(d.Status, &w, body)
}

func addProblemFields(w *wire.HeadWriter, d *problem.Details) {
	w.Add("Content-Type", d.ContentType())
	w.Add("X-Content-Type-Options", "nosniff")
	w.Add("Cache-Control", "no-store")
	addOtherFields(w, d)
}

// respondPage sends a page to GET and HEAD.
func (k *call) respondPage(p console.Page) error {
	allow := []string{"GET", "HEAD", "OPTIONS"}
	switch string(k.request.Method) {
	case "OPTIONS":
		k.respondOptions(allow)
		return nil
	case "GET", "HEAD":
	default:
		return &methodError{allow}
	}
	body, tag := p.Body, p.ETag
	packed := p.Gzip != nil && k.acceptsGzip()
	if packed {
		body, tag = p.Gzip(), p.GzipETag()
	}
	status := 200
	if p.ETag != "" && k.hasTag(tag) {
		status = 304
	}
	w := k.startResponse(status)
	if p.Gzip != nil {
		w.Add("Vary", "Accept-Encoding")
	}
	if packed && status == 200 {
		w.Add("Content-Encoding", "gzip")
	}
	if status == 200 {
		w.Add("Content-Type", p.ContentType)
	}
	w.Add("X-Content-Type-Options", "nosniff")
	switch {
	case p.CacheControl != "":
		w.Add("Cache-Control", p.CacheControl)
	case p.ETag == "":
		w.Add("Cache-Control", "no-store")
	default:
		w.Add("Cache-Control", "no-cache")
	}
	if p.ETag != "" {
		w.Add("ETag", tag)
	}
	if p.Policy != "" {
		w.Add("Content-Security-Policy", p.Policy)
		w.Add("X-Frame-Options", "DENY")
		w.Add("Referrer-Policy", "no-referrer")
		// A page of an upstream that opens this one in a window cannot reach into it, though both have one origin.
		w.Add("Cross-Origin-Opener-Policy", "same-origin")
		w.Add("Cross-Origin-Resource-Policy", "same-origin")
	}
	k.finishResponse(status, &w, body)
	return nil
}

// acceptsGzip reports whether Accept-Encoding names gzip, or anything, and not with a weight of 0 (RFC 9110 section 12.5.3).
func (k *call) acceptsGzip() bool {
	other := false
	for i := range k.request.Fields() {
		f := k.request.Field(i)
		if !bytes.EqualFold(f.Name, []byte("Accept-Encoding")) {
			continue
		}
		for one := range bytes.SplitSeq(f.Value, []byte(",")) {
			coding, weight, _ := bytes.Cut(bytes.TrimSpace(one), []byte(";"))
			coding = bytes.TrimSpace(coding)
			switch accepted := !zeroWeight(weight); {
			case bytes.EqualFold(coding, []byte("gzip")), bytes.EqualFold(coding, []byte("x-gzip")):
				return accepted
			case string(coding) == "*":
				other = accepted
			}
		}
	}
	return other
}

// zeroWeight reports whether a parameter is like q=0 or q=0.000.
func zeroWeight(parameter []byte) bool {
	name, value, _ := bytes.Cut(bytes.TrimSpace(parameter), []byte("="))
	return bytes.EqualFold(bytes.TrimSpace(name), []byte("q")) && len(bytes.Trim(bytes.TrimSpace(value), "0.")) == 0
}

// hasTag reports whether If-None-Match names the tag (RFC 9110 section 13.1.2: weak comparison).
func (k *call) hasTag(tag string) bool {
	for i := range k.request.Fields() {
		f := k.request.Field(i)
		if !bytes.EqualFold(f.Name, []byte("If-None-Match")) {
			continue
		}
		for one := range bytes.SplitSeq(f.Value, []byte(",")) {
			one = bytes.TrimPrefix(bytes.TrimSpace(one), []byte("W/"))
			if string(one) == tag || string(one) == "*" {
				return true
			}
		}
	}
	return false
}

func (k *call) startResponse(status int) wire.HeadWriter {
	if k.id == nil {
		k.identify()
	}
	w := k.conn.server.startOwnResponse(k.scratch[:0], status, k.id)
	if strict := k.conn.strictTransport(); strict != "" {
		w.Add("Strict-Transport-Security", strict)
	}
	if k.cors == nil {
		k.allowOrigin(k.conn.server.cfg.CORS)
	}
	w.AddLines(&k.lines)
	return w
}

// startOwnResponse begins, after b, a response of the gateway's own.
func (s *Server) startOwnResponse(b []byte, status int, requestID []byte) wire.HeadWriter {
	w := wire.StartOwnResponse(b, status, http.StatusText(status))
	w.AddFunc("Date", s.cfg.Watch.AppendDate)
	w.AddBytes("X-Request-Id", requestID)
	return w
}

// finishResponse sends the response in one write. If the request's body has not come yet, the connection is closed
// afterwards.
func (k *call) finishResponse(status int, w *wire.HeadWriter, body []byte) {
	if _, whole := k.body.Buffered(); whole {
		k.body.Skip()
	} else {
		k.keep = false
	}
	k.keep = k.keep && !k.conn.server.draining.Load()
	framing := wire.Framing(len(body))
	if status == 304 || status == 204 {
		framing = wire.Unframed
	}
	b := w.EndResponse(framing, k.keep, k.request.Minor)
	if string(k.request.Method) != "HEAD" && status != 304 {
		b = append(b, body...)
		k.out = int64(len(body))
	}
	k.status = status
	if _, err := k.conn.wire.Write(b); err != nil {
		k.keep, k.gone = false, true
	}
	k.scratch = b
}
