package release

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// git returns what a git command prints.
func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("git %s (a release is made from a clone): %w", args[0], err)
	}
	return string(out), nil
}

// commitTime is when a commit was made: the time of every file in the archives.
func commitTime(ctx context.Context, root, commit string) (time.Time, error) {
	out, err := git(ctx, root, "show", "--no-patch", "--format=%ct", commit)
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time of the commit %s: %w", commit, err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
