package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestPasses has a package with a file with the build constraint !race, and one that runs without the race detector.
func TestPasses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module m\n\ngo 1.26\n",
		"both/both.go":       "package both\n",
		"both/a_test.go":     "package both\n\nfunc TestA(t *T) {}\n",
		"both/b_test.go":     "//go:build !race\n\npackage both\n\nfunc TestB(t *T) {}\nfunc Testing() {}\nfunc TestMain(m *M) {}\nfunc FuzzC(f *F) {}\n",
		"both/other_test.go": "//go:build race\n\npackage both\n\nfunc TestD(t *T) {}\n",
		"one/one.go":         "package one\n",
		"one/a_test.go":      "package one_test\n\nfunc TestA(t *T) {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")
	t.Setenv("CGO_ENABLED", "0")
	passes, err := racePasses(pass{tags: "some", packages: []string{"./..."}}, []string{"./both"})
	if err != nil || len(passes) != 3 {
		t.Fatalf("got %v (%v), want three passes", passes, err)
	}
	always := []string{"test", "-json", "-shuffle=on", "-timeout", "20m", "-tags", "some"}
	for i, more := range [][]string{{"-race", "./both"}, {"-run", "^(TestB|FuzzC)$", "m/both"}, {"m/one"}} {
		if got, want := passes[i].arguments(), slices.Concat(always, more); !slices.Equal(got, want) {
			t.Errorf("pass %d: got %q, want %q", i+1, got, want)
		}
	}
	if last := func(p pass) string { env := p.environment(); return env[len(env)-1] }; last(passes[0]) != "CGO_ENABLED=1" || last(passes[2]) == "CGO_ENABLED=1" {
		t.Error("cgo is not on for the race detector alone")
	}
}
