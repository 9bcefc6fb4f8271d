package edge

import (
	"bytes"
	"strconv"

	"tallygate/gateway/internal/console"
	"tallygate/kit/problem"
)

// answer sends a problem.
func (k *call) answer(d *problem.Details) {
	body := d.Body()
	b := k.startAnswer(d.Status)
	b = appendField(b, "Content-Type", d.ContentType())
	b = appendField(b, "X-Content-Type-Options", "nosniff")
	b = appendField(b, "Cache-Control", "no-store")
	for name, values := range d.Header {
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	k.finishAnswer(d.Status, b, body)
}

// page is the page at a path.
func (s *Server) page(path []byte) (console.Page, bool) {
	if string(path) == "/healthz" {
		return console.Page{ContentType: "application/json", Body: []byte(`{"status":"live"}`)}, true
	}
	p, ok := s.cfg.Pages[string(path)]
	return p, ok
}

// answerPage answers GET and HEAD of a page.
func (k *call) answerPage(p console.Page) error {
	if string(k.request.Method) != "GET" && string(k.request.Method) != "HEAD" {
		return &methodError{[]string{"GET", "HEAD"}}
	}
	status := 200
	if p.ETag != "" && k.hasTag(p.ETag) {
		status = 304
	}
	b := k.startAnswer(status)
	if status == 200 {
		b = appendField(b, "Content-Type", p.ContentType)
	}
	b = appendField(b, "X-Content-Type-Options", "nosniff")
	if p.ETag == "" {
		b = appendField(b, "Cache-Control", "no-store")
	} else {
		b = appendField(b, "Cache-Control", "no-cache")
		b = appendField(b, "ETag", p.ETag)
	}
	if p.Policy != "" {
		b = appendField(b, "Content-Security-Policy", p.Policy)
		b = appendField(b, "Referrer-Policy", "no-referrer")
	}
	k.finishAnswer(status, b, p.Body)
	return nil
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

func (k *call) startAnswer(status int) []byte {
	if k.id == nil {
		k.identify()
	}
	b := k.scratch[:0]
	b = append(b, "HTTP/1.1 "...)
	b = append(append(strconv.AppendInt(b, int64(status), 10), ' '), reason(status)...)
	b = append(b, "\r\nDate: "...)
	b = k.conn.server.cfg.Watch.AppendDate(b)
	b = append(append(b, "\r\nX-Request-Id: "...), k.id...)
	return append(append(b, '\r', '\n'), k.lines...)
}

// finishAnswer sends it in one write. A body of the request that has not come yet ends the connection.
func (k *call) finishAnswer(status int, b, body []byte) {
	if _, whole := k.body.Buffered(); whole {
		k.body.Skip()
	} else {
		k.keep = false
	}
	k.keep = k.keep && !k.conn.server.draining.Load()
	if status != 304 && status != 204 {
		b = appendField(b, "Content-Length", strconv.Itoa(len(body)))
	}
	switch {
	case !k.keep:
		b = append(b, "Connection: close\r\n"...)
	case k.request.Minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	b = append(b, '\r', '\n')
	if string(k.request.Method) != "HEAD" && status != 304 {
		b = append(b, body...)
		k.out = int64(len(body))
	}
	k.status = status
	if _, err := k.conn.wire.Write(b); err != nil {
		k.keep, k.left = false, true
	}
	k.scratch = b
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), '\r', '\n')
}
