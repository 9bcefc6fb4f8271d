package stack_test

import (
	"strings"
	"testing"

	"tallygate/deploy/internal/stack"
)

func TestWithoutAnEngineTheErrorSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := stack.Engine(t.Context()); err == nil || !strings.Contains(err.Error(), "no container engine") {
		t.Errorf("got %v, want an error that says that there is no container engine", err)
	}
}
