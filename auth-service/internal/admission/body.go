package admission

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A body has to come at this rate, after a time for the connection to get going. The longest body, 64 KiB, may take 21 seconds.
const (
	bodyGrace = 5 * time.Second
	bodyRate  = 4 << 10 // bytes in a second
)

// pacedBody is a request's body that fails when it comes too slowly.
type pacedBody struct {
	io.ReadCloser
	conn     *http.ResponseController
	began    time.Time
	received int64
}

func newPacedBody(w http.ResponseWriter, body io.ReadCloser) *pacedBody {
	return &pacedBody{ReadCloser: body, conn: http.NewResponseController(w), began: time.Now()}
}

// await sets the time at which more has to have come.
func (b *pacedBody) await() {
	allowed := bodyGrace + time.Duration(b.received)*time.Second/bodyRate
	b.setDeadline(b.began.Add(allowed))
}

// setDeadline has no effect where the connection has no deadlines, as in tests without one.
func (b *pacedBody) setDeadline(t time.Time) { _ = b.conn.SetReadDeadline(t) }

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	b.await()
	n, err := b.ReadCloser.Read(p)
	b.received += int64(n)
	if errors.Is(err, io.EOF) {
		b.setDeadline(time.Time{}) // the server goes on reading, to see whether the client leaves
	}
	return n, err
}
