package edge

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"tallygate/kit/httpd"
)

const (
	accessFlush = 100 * time.Millisecond
	accessBytes = 32 << 10
)

// AccessLog writes one line for each request, as log/slog would, in JSON or text. Lines are gathered for up to a tenth of a
// second and written together. They never contain paths, queries or tokens.
type AccessLog struct {
	out     io.Writer
	service string
	text    bool

	mu     sync.Mutex
	lines  []byte
	second int64  // since 1970
	date   []byte // the text of second
}

// NewAccessLog returns a log. Lines are written soon while Run runs.
func NewAccessLog(out io.Writer, service string, text bool) *AccessLog {
	return &AccessLog{out: out, service: service, text: text}
}

// Run flushes every tenth of a second until ctx ends, and then once more.
func (a *AccessLog) Run(ctx context.Context) {
	ticker := time.NewTicker(accessFlush)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			a.Flush()
			return
		case <-ticker.C:
			a.Flush()
		}
	}
}

// Flush writes what has been gathered.
func (a *AccessLog) Flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flush()
}

func (a *AccessLog) flush() {
	if len(a.lines) > 0 {
		_, _ = a.out.Write(a.lines) // a failing log has no place to log its failure
		a.lines = a.lines[:0]
	}
}

func (a *AccessLog) note(k *call, took time.Duration) {
	now := k.begun.Add(took)
	route := "none"
	if k.route != nil {
		route = k.route.Name
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l := line{a.lines, a.text}
	l.begin()
	l.b = a.appendTime(l.b, now)
	l.word(`","level":"INFO","msg":"request","service":"`, ` level=INFO msg=request service=`, a.service)
	l.word(`","method":"`, ` method=`, httpd.KnownMethod(string(k.request.Method)).String())
	l.word(`","route":"`, ` route=`, route)
	l.number(`","status":`, ` status=`, int64(k.status))
	micros := took.Microseconds()
	l.number(`,"duration_ms":`, ` duration_ms=`, micros/1000)
	l.b = append(l.b, '.')
	l.b = appendDigits(l.b, int(micros%1000), 3)
	if k.who.UserID != 0 {
		l.number(`,"user_id":`, ` user_id=`, k.who.UserID)
	}
	l.number(`,"bytes_in":`, ` bytes_in=`, k.in)
	l.number(`,"bytes_out":`, ` bytes_out=`, k.out)
	l.word(`,"request_id":"`, ` request_id=`, unsafe.String(unsafe.SliceData(k.id), len(k.id)))
	if id := k.trace.id(); len(id) > 0 {
		l.word(`","trace_id":"`, ` trace_id=`, unsafe.String(unsafe.SliceData(id), len(id)))
	}
	l.word(`","client":"`, ` client=`, k.client)
	if k.ended != "" {
		l.word(`","ended":"`, ` ended=`, k.ended)
	}
	a.lines = l.end()
	if len(a.lines) >= accessBytes {
		a.flush()
	}
}

// line is a log line that is being written. The text before a value is given for both formats, JSON and text. No value
// needs quoting or escaping: only the request id may be the client's, and only a harmless one is kept.
type line struct {
	b    []byte
	text bool
}

func (l *line) begin() {
	if l.text {
		l.b = append(l.b, "time="...)
		return
	}
	l.b = append(l.b, `{"time":"`...)
}

func (l *line) before(json, text string) {
	if l.text {
		l.b = append(l.b, text...)
		return
	}
	l.b = append(l.b, json...)
}

func (l *line) word(json, text, value string) {
	l.before(json, text)
	l.b = append(l.b, value...)
}

func (l *line) number(json, text string, value int64) {
	l.before(json, text)
	l.b = strconv.AppendInt(l.b, value, 10)
}

func (l *line) end() []byte {
	l.before("\"}\n", "\n")
	return l.b
}

// appendTime writes RFC 3339 with milliseconds. The date and the second are written out once a second.
func (a *AccessLog) appendTime(b []byte, now time.Time) []byte {
	if s := now.Unix(); s != a.second || a.date == nil {
		a.second = s
		a.date = now.UTC().AppendFormat(a.date[:0], "2006-01-02T15:04:05.")
	}
	b = append(b, a.date...)
	return append(appendDigits(b, now.Nanosecond()/int(time.Millisecond), 3), 'Z')
}

func appendDigits(b []byte, n, width int) []byte {
	for at := len(b) + width; len(b) < at; {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
	return b
}
