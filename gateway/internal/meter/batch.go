package meter

import (
	"strconv"
	"time"
)

// unknownRoute stands for a route whose name was lost in a power failure.
const unknownRoute = "unknown"

// appendBatch appends the JSON of a segment and returns how many rows are in it. The JSON is the Batch that
// kit/internalapi/openapi.yaml describes; contract_test.go compares the two.
func appendBatch(b []byte, instance string, number uint64, rows []row, routes []string) ([]byte, int) {
	b = append(b, `{"gateway":"`...)
	b = append(b, instance...)
	b = append(b, `","sequence":`...)
	b = strconv.AppendUint(b, number, 10)
	b = append(b, `,"rows":[`...)
	n := 0
	for i := range rows {
		r := &rows[i]
		c := r.read()
		if c == (counts{}) || !r.plausible() {
			continue
		}
		if n > 0 {
			b = append(b, ',')
		}
		n++
		b = appendRow(b, r, &c, routes)
	}
	return append(b, "]}"...), n
}

func appendRow(b []byte, r *row, c *counts, routes []string) []byte {
	route := unknownRoute
	if id := int(keyRoute(r.key.Load())); id < len(routes) {
		route = routes[id]
	}
	b = append(b, `{"user_id":`...)
	b = strconv.AppendInt(b, r.user, 10)
	b = append(b, `,"route":`...)
	b = appendText(b, route)
	b = append(b, `,"hour":"`...)
	b = keyHour(r.key.Load()).AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	for _, member := range [...]struct {
		name  string
		value uint64
	}{
		{"requests", c.requests},
		{"client_errors", c.clientErrors},
		{"server_errors", c.serverErrors},
		{"rate_limited", c.rateLimited},
		{"bytes_in", c.bytesIn},
		{"bytes_out", c.bytesOut},
	} {
		b = append(b, `,"`...)
		b = append(b, member.name...)
		b = append(b, `":`...)
		b = strconv.AppendUint(b, member.value, 10)
	}
	return append(b, '}')
}

// appendText appends a JSON string. Route names are validated where they are read. Any other character becomes a question
// mark, so that the batch stays valid.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	for i := range len(text) {
		if c := text[i]; c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			b = append(b, c)
		} else {
			b = append(b, '?')
		}
	}
	return append(b, '"')
}
