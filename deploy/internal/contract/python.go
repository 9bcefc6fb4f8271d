package contract

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// CheckPython runs the clients' Python script against the Tallygate at base, with the real requests library. Only the
// default address in the script is replaced.
func CheckPython(t *testing.T, base, script string) {
	python := pythonWithRequests()
	if python == "" {
		t.Skip("no Python with the requests library: install python3-requests")
	}
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	const usual = "http://localhost:8000"
	if !strings.Contains(string(text), usual) {
		t.Fatalf("%s does not call %s", script, usual)
	}
	moved := filepath.Join(t.TempDir(), "client.py")
	if err := os.WriteFile(moved, []byte(strings.ReplaceAll(string(text), usual, base)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, moved).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"51.42150122383022", "Token is not valid"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got %s, want %q in it", out, want)
		}
	}
}

// pythonWithRequests finds an interpreter that has the library: a distribution installs it for its own one only.
func pythonWithRequests() string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import requests").Run() == nil {
			return path
		}
	}
	return ""
}
