package testbed

import (
	"bytes"
	"sync"
)

// Output keeps what a running program says. The zero value is ready for use, by several goroutines.
type Output struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write takes what is said.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(p)
}

// String is all that has been said so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}
