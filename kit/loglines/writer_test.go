package loglines_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/kit/loglines"
)

// reader takes lines, unless it stands still or has gone.
type reader struct {
	mu    sync.Mutex
	stood chan struct{} // not nil: it stands still until this is closed
	gone  bool
	text  bytes.Buffer
}

func (r *reader) Write(b []byte) (int, error) {
	r.mu.Lock()
	stood, gone := r.stood, r.gone
	r.mu.Unlock()
	if stood != nil {
		<-stood
	}
	if gone {
		half := bytes.IndexByte(b, '\n') + 1
		return half, syscall.EPIPE
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *reader) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *reader) lines() int { return strings.Count(r.text.String(), "\n") }

func TestEveryLineIsWrittenInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{}
		w := loglines.New(r, 1<<20)
		want := ""
		for i := range 1000 {
			line := fmt.Sprintln("line", i)
			want += line
			if n, err := io.WriteString(w, line); n != len(line) || err != nil {
				t.Fatal(n, err)
			}
		}
		w.Close(time.Second)
		if got := r.text.String(); got != want {
			t.Errorf("got %d lines: %.200s", r.lines(), got)
		}
		if got := testutil.ToFloat64(w); got != 0 {
			t.Errorf("%v lines were dropped", got)
		}
	})
}

func TestAReaderThatStandsStillStopsNobodyAndIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{stood: make(chan struct{})}
		w := loglines.New(r, 100)
		var told int64
		w.OnDropped(func(n int64) { told += n; fmt.Fprintln(w, "dropped", n) })
		began := time.Now()
		fmt.Fprintln(w, "123456789") // is being written
		synctest.Wait()
		for range 25 {
			fmt.Fprintln(w, "123456789")
		}
		if time.Since(began) > 0 {
			t.Error("a call waited")
		}
		close(r.stood)
		r.set(func() { r.stood = nil })
		synctest.Wait()
		if want := 1 + 10 + 1; r.lines() != want || told != 15 || !strings.HasSuffix(r.text.String(), "dropped 15\n") {
			t.Errorf("got %d lines of %d, told %d: %s", r.lines(), want, told, r.text.String())
		}
		if got := testutil.ToFloat64(w); got != 15 || w.Dropped() != 15 {
			t.Errorf("%v and %d lines are counted as dropped", got, w.Dropped())
		}
		w.Close(time.Second)
	})
}

func TestAReaderThatHasGoneIsNoEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{gone: true}
		w := loglines.New(r, 100)
		fmt.Fprint(w, "one\ntwo\n")
		synctest.Wait()
		if got := testutil.ToFloat64(w); got != 1 {
			t.Errorf("%v lines were dropped, want the second one", got)
		}
		r.set(func() { r.gone = false })
		fmt.Fprintln(w, "three")
		w.Close(time.Second)
		if got := r.text.String(); got != "three\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestCloseDoesNotWaitForAReaderThatStandsStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{stood: make(chan struct{})}
		w := loglines.New(r, 100)
		fmt.Fprintln(w, "a line")
		began := time.Now()
		w.Close(2 * time.Second)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("Close took %s", took)
		}
		fmt.Fprintln(w, "too late")
		if got := testutil.ToFloat64(w); got != 1 {
			t.Errorf("%v lines were dropped", got)
		}
		close(r.stood)
		synctest.Wait()
	})
}
