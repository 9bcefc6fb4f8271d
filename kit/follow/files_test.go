package follow_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/follow"
)

// files are two files whose contents are used together. A content that begins with "bad" is refused.
type files struct {
	follow.Files

	t    *testing.T
	used []string
}

func newFiles(t *testing.T, settle bool) *files {
	t.Helper()
	dir := t.TempDir()
	f := &files{t: t}
	f.Files = follow.Files{Paths: []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, Settle: settle, Use: func(contents [][]byte) error {
		for _, c := range contents {
			if strings.HasPrefix(string(c), "bad") {
				return errors.New(string(c))
			}
		}
		f.used = append(f.used, string(contents[0])+"+"+string(contents[1]))
		return nil
	}}
	f.write("1", "1")
	f.want("the beginning", true, true, "", "1+1")
	return f
}

func (f *files) write(contents ...string) {
	f.t.Helper()
	for i, c := range contents {
		if err := os.WriteFile(f.Paths[i], []byte(c), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
}

// want looks once.
func (f *files) want(when string, forced, changed bool, failure, used string) {
	f.t.Helper()
	got, err := f.Reload(forced)
	if got != changed || (err == nil) != (failure == "") || err != nil && !strings.Contains(err.Error(), failure) {
		f.t.Errorf("%s: got %v, %v, want %v, %q", when, got, err, changed, failure)
	}
	if all := strings.Join(f.used, " "); all != used {
		f.t.Errorf("%s: used %q, want %q", when, all, used)
	}
}

func TestFilesAreUsedWhenTheyHaveChanged(t *testing.T) {
	t.Parallel()
	f := newFiles(t, false)
	f.want("unchanged", false, false, "", "1+1")
	f.write("1", "2")
	f.want("changed", false, true, "", "1+1 1+2")
	f.want("unchanged again", false, false, "", "1+1 1+2")
	f.want("forced", true, true, "", "1+1 1+2 1+2")
}

func TestRefusedContentsAreNotTriedAgainUntilTheyChange(t *testing.T) {
	t.Parallel()
	f := newFiles(t, false)
	f.write("bad", "2")
	f.want("bad", false, false, "bad", "1+1")
	f.want("bad again", false, false, "bad", "1+1")
	f.want("bad, forced", true, false, "bad", "1+1")
	f.write("1", "1")
	f.want("as before", false, true, "", "1+1 1+1")
}

func TestFilesThatAreBackAreUsedAgain(t *testing.T) {
	t.Parallel()
	f := newFiles(t, false)
	if err := os.Remove(f.Paths[1]); err != nil {
		t.Fatal(err)
	}
	f.want("one is missing", false, false, f.Paths[1], "1+1")
	f.want("still", false, false, f.Paths[1], "1+1")
	f.write("1", "1")
	f.want("back, unchanged", false, true, "", "1+1 1+1")
}

func TestFilesThatSettleAreUsedWhenTwoLooksInARowAreEqual(t *testing.T) {
	t.Parallel()
	f := newFiles(t, true)
	f.write("bad", "1")
	f.want("half of it", false, false, "", "1+1")
	f.write("2", "1")
	f.want("more of it", false, false, "", "1+1")
	f.write("2", "2")
	f.want("all of it", false, false, "", "1+1")
	f.want("the second look", false, true, "", "1+1 2+2")
	f.write("3", "2")
	f.want("another", false, false, "", "1+1 2+2")
	f.write("2", "2")
	f.want("withdrawn", false, false, "", "1+1 2+2")
	f.write("3", "2")
	f.want("seen twice, but not in a row", false, false, "", "1+1 2+2")
	f.want("forced", true, true, "", "1+1 2+2 3+2")
}

func TestFilesThatSettleFailUntilTheyHaveSettled(t *testing.T) {
	t.Parallel()
	f := newFiles(t, true)
	if err := os.Remove(f.Paths[0]); err != nil {
		t.Fatal(err)
	}
	f.want("missing", false, false, f.Paths[0], "1+1")
	f.write("2", "2")
	f.want("back", false, false, f.Paths[0], "1+1")
	f.want("settled", false, true, "", "1+1 2+2")
}

func TestContentsAreTriedAgainIfTheCauseOfTheErrorLiesElsewhere(t *testing.T) {
	t.Parallel()
	f := newFiles(t, true)
	use, cause := f.Use, errors.New("elsewhere")
	f.Use = func(contents [][]byte) error {
		if cause != nil {
			return follow.Retry(cause)
		}
		return use(contents)
	}
	f.write("2", "2")
	f.want("new", false, false, "", "1+1")
	f.want("settled", false, false, "elsewhere", "1+1")
	f.want("again", false, false, "elsewhere", "1+1")
	cause = nil
	f.want("the cause is gone", false, true, "", "1+1 2+2")
	f.want("unchanged", false, false, "", "1+1 2+2")
}
