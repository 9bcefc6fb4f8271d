package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func goTool() string {
	if tool := os.Getenv("GO"); tool != "" {
		return tool
	}
	return "go"
}

// list returns the lines that `go list` prints.
func list(args []string) ([]string, error) {
	cmd := exec.Command(goTool(), append([]string{"list", "-e"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}

// cCompiler returns the name of the compiler that cgo uses, and whether it is installed.
func cCompiler() (name string, found bool) {
	out, err := exec.Command(goTool(), "env", "CC").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) == 0 {
		return "cc", false
	}
	_, err = exec.LookPath(words[0])
	return words[0], err == nil
}
