package release

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Check makes the release once more, in another clone and with an empty build cache, and compares the bytes.
func Check(ctx context.Context, c Config) error {
	changed, err := git(ctx, c.Root, "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("the release cannot be made again from the commit %s, because these files are not as in it:\n%s", c.Commit, changed)
	}
	scratch, err := os.MkdirTemp("", "another-folder-")
	if err != nil {
		return fmt.Errorf("make a folder for the clone: %w", err)
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // a leftover in the folder for temporary files
	clone, again := filepath.Join(scratch, "clone"), filepath.Join(scratch, "release")
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return err
	}
	if _, err := git(ctx, scratch, "clone", "--quiet", root, clone); err != nil {
		return err
	}
	if _, err := git(ctx, clone, "checkout", "--quiet", "--detach", c.Commit); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", "./deploy/release", "-out", again, "-version", c.Version, "-commit", c.Commit)
	cmd.Dir = clone
	cmd.Env = append(os.Environ(), "GOCACHE="+filepath.Join(scratch, "cache"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make the release again: %w\n%s", err, out)
	}
	return compare(c.Out, again)
}

// compare reports which files of two releases differ.
func compare(one, other string) error {
	var names []string
	expected, err := os.ReadFile(filepath.Join(other, sumsName))
	if err != nil {
		return fmt.Errorf("read the checksums: %w", err)
	}
	for line := range strings.Lines(string(expected)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		names = append(names, name)
	}
	if len(names) == 0 {
		return fmt.Errorf("the release in %s has no files", other)
	}
	got, err := checksums(one, names)
	if err != nil {
		return err
	}
	recorded, err := os.ReadFile(filepath.Join(one, sumsName))
	if err != nil {
		return fmt.Errorf("read the checksums: %w", err)
	}
	if string(got) != string(expected) || string(recorded) != string(expected) {
		return fmt.Errorf("the releases differ:\n%s\nmade again:\n%s", got, expected)
	}
	return nil
}
