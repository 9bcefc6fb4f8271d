package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFilesWithoutTheRaceDetector has a package with a file with the build constraint !race.
func TestFilesWithoutTheRaceDetector(t *testing.T) {
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
	t.Setenv("CGO_ENABLED", "1")
	passes, err := racePasses(pass{tags: "some", packages: []string{"./..."}})
	if err != nil || len(passes) != 2 {
		t.Fatalf("got %v (%v), want two passes", passes, err)
	}
	if first := passes[0]; !first.race || len(first.tests) > 0 || !slices.Equal(first.packages, []string{"./..."}) {
		t.Errorf("first: got %+v, want everything, with the race detector", first)
	}
	want := []string{"test", "-json", "-shuffle=on", "-timeout", "20m", "-tags", "some", "-run", "^(TestB|FuzzC)$", "m/both"}
	if got := passes[1].arguments(); !slices.Equal(got, want) {
		t.Errorf("second: got %q, want %q", got, want)
	}
}
