package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tallygate/kit/build"
)

func TestABuildWithoutSettingsSaysSo(t *testing.T) {
	t.Parallel()
	if got, want := build.Current(), (build.Info{Version: "dev", Commit: "unknown", Go: runtime.Version()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The names that the linker sets stand in the Makefile and in deploy/Dockerfile, too. A wrong name is no error there.
func TestTheLinkerSetsVersionAndCommit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source := "package main\n\nimport (\n\t\"fmt\"\n\n\t\"tallygate/kit/build\"\n)\n\nfunc main() { fmt.Println(build.Current()) }\n"
	main := filepath.Join(folder, "main.go")
	if err := os.WriteFile(main, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := "-X tallygate/kit/build.version=v1.2.3 -X tallygate/kit/build.commit=0123abc"
	out, err := exec.Command("go", "run", "-ldflags", flags, main).CombinedOutput()
	if want := "v1.2.3 (commit 0123abc, " + runtime.Version() + ")"; err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	for _, file := range []string{"../../Makefile", "../../deploy/Dockerfile"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"version", "commit"} {
			if !strings.Contains(string(text), "-X tallygate/kit/build."+name+"=") {
				t.Errorf("%s does not set the %s", file, name)
			}
		}
	}
}
