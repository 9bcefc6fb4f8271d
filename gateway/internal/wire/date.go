package wire

import "time"

// dateForm is the form of a Date field's value (RFC 9110 section 5.6.7), for AppendFormat.
const dateForm = "Mon, 02 Jan 2006 15:04:05 GMT"

// date is the time of a second as text.
type date struct {
	second int64
	text   [len(dateForm)]byte
}

// setDate renews the text once a second.
func (w *Watch) setDate(now time.Time) {
	if d := w.date.Load(); d != nil && d.second == now.Unix() {
		return
	}
	d := &date{second: now.Unix()}
	now.UTC().AppendFormat(d.text[:0], dateForm)
	w.date.Store(d)
}

// AppendDate appends the value of a Date field, as of the watch's last look.
func (w *Watch) AppendDate(b []byte) []byte { return append(b, w.date.Load().text[:]...) }
