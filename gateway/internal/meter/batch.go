package meter

import (
	"strconv"
	"time"
)

// unknownRoute stands for a route whose name was lost in a power failure.
const unknownRoute = "unknown"

// batch is a segment on its way to the ledger.
type batch struct {
	json []byte
	rows int
	// inUnits: a row has an API key, or costs that are not one unit a call. An auth-service of a version before does not
	// know these members, and would add the rest.
	inUnits bool
}

// newBatch makes the batch of a segment. Its JSON is the Batch that kit/internalapi/openapi.yaml describes;
// contract_test.go compares the two.
func newBatch(instance string, number uint64, rows []row, routes []string) batch {
	var b []byte
	b = append(b, `{"gateway":"`...)
	b = append(b, instance...)
	b = append(b, `","sequence":`...)
	b = strconv.AppendUint(b, number, 10)
	b = append(b, `,"rows":[`...)
	n, inUnits := 0, false
	for i := range rows {
		t := rows[i].readAny()
		if t.counts == (counts{}) || !t.plausible() {
			continue
		}
		if n > 0 {
			b = append(b, ',')
		}
		n++
		b = appendRow(b, &t, routes)
		inUnits = inUnits || t.apiKey != 0 || t.units != t.requests
	}
	return batch{append(b, "]}"...), n, inUnits}
}

func appendRow(b []byte, t *tally, routes []string) []byte {
	route := unknownRoute
	if id := int(keyRoute(t.key)); id < len(routes) {
		route = routes[id]
	}
	b = append(b, `{"user_id":`...)
	b = strconv.AppendInt(b, t.user, 10)
	b = append(b, `,"route":`...)
	b = appendText(b, route)
	b = append(b, `,"hour":"`...)
	b = keyHour(t.key).AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	if t.apiKey != 0 {
		b = append(b, `,"key_id":"`...)
		b = strconv.AppendUint(b, t.apiKey, 10)
		b = append(b, '"')
	}
	if t.units != t.requests {
		b = append(b, `,"units":`...)
		b = strconv.AppendUint(b, t.units, 10)
	}
	for _, member := range [...]struct {
		name  string
		value uint64
	}{
		{"requests", t.requests},
		{"client_errors", t.clientErrors},
		{"server_errors", t.serverErrors},
		{"rate_limited", t.rateLimited},
		{"bytes_in", t.bytesIn},
		{"bytes_out", t.bytesOut},
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
