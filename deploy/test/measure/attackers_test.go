//go:build measure

package measure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// attacking is the variable that makes this program an attacker. Attackers run in processes of their own, so that they do
// not delay the calls that are measured, and in containers if each needs an address of its own.
const attacking = "MEASURE_ATTACK"

// attack is what one attacker does: it opens connections, and on each it either sends something and holds the connection,
// or makes calls one after the other. A connection that ends is opened again after a quarter of a second.
type attack struct {
	Addr  string // host:port
	TLS   bool
	Conns int
	Ramp  time.Duration // the connections are opened over this time
	For   time.Duration // how long it takes in all
	From  []string      // source addresses, taken in turn; none: the system's choice

	Hold  string        // what each connection sends
	Drip  time.Duration // after Hold: the gap between further bytes; 0: none
	Slow  bool          // nothing is ever read
	Calls []call        // instead of Hold
	Pause time.Duration // between the calls of a connection
}

// call is a request. The fields and the body may hold {c} and {d} (the connection's number: its low byte and the rest), {n}
// and {o} (the call's number in the same way), and {x} (both numbers in 8 hexadecimal digits). {key} is an API key of the right
// form, another one each time.
type call struct {
	Line   string // like "POST /token"
	Fields string // each with its line end
	Body   string // Content-Length is added
}

// outcome is what an attacker saw.
type outcome struct {
	Connected int // how many connections were opened in all
	MostOpen  int // and at most at once
	Statuses  map[int]int
	Unguided  int             // 429s and 503s without Retry-After
	Refusals  []time.Duration // how long each 503 to a call took
	Closed    int             // connections that ended without a response
	Errors    map[string]int  // connections that could not be opened
}

// String describes it for the table.
func (o outcome) String() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(o.Statuses)) {
		parts = append(parts, fmt.Sprintf("%d × %d", o.Statuses[status], status))
	}
	if o.Closed > 0 {
		parts = append(parts, fmt.Sprintf("%d × closed", o.Closed))
	}
	for _, text := range slices.Sorted(maps.Keys(o.Errors)) {
		parts = append(parts, fmt.Sprintf("%d × %s", o.Errors[text], text))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// start starts the attacker in a process. The function that it returns waits for the end.
func (a attack) start(t *testing.T) (wait func() outcome) {
	t.Helper()
	return a.launch(t, exec.CommandContext(t.Context(), ownProgram(t)))
}

func ownProgram(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// launch starts the command as an attacker.
func (a attack) launch(t *testing.T, cmd *exec.Cmd) (wait func() outcome) {
	t.Helper()
	cmd.Env = append(os.Environ(), attacking+"="+a.text(t))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() outcome {
		var seen outcome
		if err := errors.Join(cmd.Wait(), json.Unmarshal(stdout.Bytes(), &seen)); err != nil {
			t.Fatalf("the attacker: %v\n%s", err, stderr.String())
		}
		return seen
	}
}

func (a attack) text(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runAttack is the whole program of an attacker. It writes what it saw.
func runAttack(text string, w io.Writer) error {
	var a attack
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	raiseFileLimit(a.Conns + 100)
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10) // outside of a test it has a machine of its own
	return json.NewEncoder(w).Encode(a.run())
}

// run opens the connections and keeps them busy until the time is over.
func (a attack) run() outcome {
	l := &attacker{attack: a, end: time.Now().Add(a.For), seen: outcome{Statuses: map[int]int{}, Errors: map[string]int{}}}
	var conns sync.WaitGroup
	for i := range a.Conns {
		conns.Go(func() {
			time.Sleep(a.Ramp * time.Duration(i) / time.Duration(a.Conns))
			for time.Now().Before(l.end) {
				if again := l.connect(i); !again {
					return
				}
				time.Sleep(min(250*time.Millisecond, time.Until(l.end)))
			}
		})
	}
	conns.Wait()
	return l.seen
}
