package wire

import "time"

// A Date field's value (RFC 9110 section 5.6.7), for AppendFormat.
const dateForm = "Mon, 02 Jan 2006 15:04:05 GMT"

// date is the time of a second as text.
type date struct {
	second int64
	text   [len(dateForm)]byte
}

// setDate writes the second out if it is a new one.
func (w *Watch) setDate(now time.Time) {
	if d := w.date.Load(); d != nil && d.second == now.Unix() {
		return
	}
	d := &date{second: now.Unix()}
	now.UTC().AppendFormat(d.text[:0], dateForm)
	w.date.Store(d)
}

// AppendDate appends the time as Date fields give it, as of the watch's last look.
func (w *Watch) AppendDate(b []byte) []byte { return append(b, w.date.Load().text[:]...) }
