package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"tallygate/deploy/internal/release"
	"tallygate/deploy/internal/testbed"
)

const version = "v0.0.0-test"

// TestARelease makes one for this machine, and uses it.
func TestARelease(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"git", "sha256sum", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: install it to test a release", tool)
		}
	}
	if err := exec.CommandContext(t.Context(), "git", "-C", testbed.Root(), "rev-parse", "HEAD").Run(); err != nil {
		t.Skip("this folder is no clone: a release is made from one")
	}
	commit := strings.TrimSpace(output(t, testbed.Root(), "git", "rev-parse", "HEAD"))
	out, host := t.TempDir(), release.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if err := release.Make(t.Context(), release.Config{
		Root: testbed.Root(), Out: out, Version: version, Commit: commit, Platforms: []release.Platform{host},
	}); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("tallygate-%s-%s", version, host)
	folder := unpack(t, out, name)
	t.Run("checksums", func(t *testing.T) {
		t.Parallel()
		names := []string{name + ".cdx.json", name + ".tar.gz"}
		if host.OS == "linux" {
			names = append(names, fmt.Sprintf("tallygate_%s_%s.deb", release.DebianVersion(version), host.Arch))
		}
		checkSums(t, out, names...)
	})
	t.Run("bill of materials", func(t *testing.T) {
		t.Parallel()
		if content(t, filepath.Join(out, name+".cdx.json")) != content(t, filepath.Join(folder, "sbom.cdx.json")) {
			t.Error("the bill of materials in the archive is another one than that beside it")
		}
		checkBill(t, filepath.Join(folder, "sbom.cdx.json"))
	})
	t.Run("version", func(t *testing.T) {
		t.Parallel()
		for _, program := range []string{"auth-service", "gateway", "math-service", "tallygate"} {
			want := fmt.Sprintf("%s %s (commit %s, %s)\n", program, version, commit, runtime.Version())
			if got := output(t, folder, filepath.Join(folder, program), "-version"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		checkRun(t, folder)
	})
}

// A version stands in names of files.
func TestAVersionThatIsNoNameOfAFileIsRefused(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "../v1", "v1 2", "-v1", "feature/x"} {
		err := release.Make(t.Context(), release.Config{Root: testbed.Root(), Out: t.TempDir(), Version: version, Commit: "HEAD"})
		if err == nil || !strings.Contains(err.Error(), "VERSION=v1.2.3") {
			t.Errorf("%q: got %v, want how to set the version", version, err)
		}
	}
}

// unpack runs what the README says about an archive, without the last line, which starts Tallygate. It returns the folder that is unpacked.
func unpack(t *testing.T, out, name string) string {
	t.Helper()
	readme := content(t, filepath.Join(testbed.Root(), "README.md"))
	block := regexp.MustCompile("(?s)<!-- archive: start -->\n```sh\n(.*?)\n\\./tallygate\n```").FindStringSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no commands for an archive, or they do not end with ./tallygate")
	}
	lines := strings.Split(strings.TrimSpace(output(t, out, "sh", "-e", "-c", block[1]+"\npwd")), "\n")
	folder := lines[len(lines)-1]
	if filepath.Base(folder) != name {
		t.Fatalf("the commands lead to %s, want %s", folder, name)
	}
	for _, want := range []string{"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "docs/operate.md"} {
		if content(t, filepath.Join(folder, want)) != content(t, filepath.Join(testbed.Root(), want)) {
			t.Errorf("the archive has another %s", want)
		}
	}
	return folder
}

func checkSums(t *testing.T, folder string, names ...string) {
	want := ""
	for _, name := range names {
		sum := sha256.Sum256([]byte(content(t, filepath.Join(folder, name))))
		want += hex.EncodeToString(sum[:]) + "  " + name + "\n"
	}
	if got := content(t, filepath.Join(folder, "SHA256SUMS")); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// output is what a command prints.
func output(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}
