package release

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is one that is shipped: its name there, and its module and package here.
type program struct{ name, module, path string }

func shipped() []program {
	return []program{
		{"auth-service", "auth-service", "."},
		{"gateway", "gateway", "."},
		{"math-service", "math-service", "."},
		{"tallygate", "deploy", "./local"},
	}
}

// compile builds the programs for a platform into a folder.
func (c *Config) compile(ctx context.Context, p Platform, folder string) error {
	const names = "tallygate/kit/build"
	flags := fmt.Sprintf("-s -w -X %s.version=%s -X %s.commit=%s", names, c.Version, names, c.Commit)
	for _, program := range shipped() {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nomsgpack",
			"-ldflags", flags, "-o", filepath.Join(folder, program.name), program.path)
		cmd.Dir = filepath.Join(c.Root, program.module)
		cmd.Env = p.environ(os.Environ())
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("compile %s: %w\n%s", program.name, err, out)
		}
	}
	return nil
}

// environ is the environment of the compiler, without what would change the programs. GOWORK=off: each program is built with
// the versions in its own module's go.mod.
func (p Platform) environ(inherited []string) []string {
	environ := []string{
		"GOOS=" + p.OS, "GOARCH=" + p.Arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly",
	}
	for _, pair := range inherited {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "GOOS", "GOARCH", "GOAMD64", "GOARM64", "CGO_ENABLED", "GOWORK", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GODEBUG":
		default:
			environ = append(environ, pair)
		}
	}
	return environ
}
