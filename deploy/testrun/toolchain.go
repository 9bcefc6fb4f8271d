package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func goTool() string {
	if tool := os.Getenv("GO"); tool != "" {
		return tool
	}
	return "go"
}

// list returns the lines that `go list` prints for the packages of a pass.
func list(p pass, format string) ([]string, error) {
	cmd := exec.Command(goTool(), slices.Concat([]string{"list", "-e"}, p.buildFlags(), []string{"-f", format}, p.packages)...)
	cmd.Env = p.environment()
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
