package release_test

import (
	"os/exec"
	"testing"

	"tallygate/deploy/internal/release"
)

// Each version is before the next one. dpkg itself compares them.
func TestDebianOrdersTheVersionsAsGitDoes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("no dpkg: this is no Debian, so the order of its versions cannot be tested")
	}
	versions := []string{"0123abc-dirty", "v1.2.3-rc1", "v1.2.3-rc2", "v1.2.3", "v1.2.3-4-g0123abc", "v1.2.3-5-gfedcba9-dirty", "v1.2.4", "v1.10.0"}
	for i := range versions[1:] {
		a, b := release.DebianVersion(versions[i]), release.DebianVersion(versions[i+1])
		if out, err := exec.CommandContext(t.Context(), "dpkg", "--compare-versions", a, "lt", b).CombinedOutput(); err != nil || len(out) != 0 {
			t.Errorf("dpkg: %s is not before %s: %v %s", a, b, err, out)
		}
	}
}
