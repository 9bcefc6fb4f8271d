package testbed

import (
	"os"
	"strings"
)

// shownBytes is how much of a log's end is shown, and shownErrors how many of its errors.
const shownBytes, shownErrors = 4 << 10, 20

// Output is all that the process and its predecessors have written so far.
func (p *Process) Output() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Tail returns the errors in the log, and the end of the log.
func (p *Process) Tail() string {
	text := p.Output()
	var errs []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, `"level":"ERROR"`) && len(errs) < shownErrors {
			errs = append(errs, line)
		}
	}
	return strings.Join(errs, "") + "…\n" + text[max(0, len(text)-shownBytes):]
}

// panicked reports whether the log mentions a panic, also one that the program has survived.
func (p *Process) panicked() bool { return strings.Contains(p.Output(), "panic") }
