package system_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/readyz"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	t.Run("each program is under 60 MB", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"auth-service", "math-service", "gateway"} {
			info, err := os.Stat(testbed.Program(name))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("figure: bin/%s has %.1f MB", name, float64(info.Size())/1e6)
			if info.Size() >= 60e6 {
				t.Errorf("bin/%s has %d bytes, want under 60 MB", name, info.Size())
			}
		}
	})

	t.Run("the three together idle under 100 MB", func(t *testing.T) {
		t.Parallel()
		r := startRunner(t, t.TempDir())
		var total int64
		for name, pid := range services(t, r) {
			bytes := residentBytes(t, pid)
			t.Logf("figure: %s idles at %.1f MB of memory", name, float64(bytes)/1e6)
			total += bytes
		}
		if total >= 100e6 {
			t.Errorf("the three hold %d bytes, want under 100 MB", total)
		}
	})

	t.Run("auth-service is soon ready on SQLite", measureStart)
}

func measureStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), testbed.Program("auth-service"), "secrets", "init", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	addrs := testbed.FreeAddresses(t, 2)
	began := time.Now()
	auth := testbed.Launch(t, testbed.Spec{
		Name: "auth-service", Last: os.Interrupt,
		Command: func() *exec.Cmd {
			cmd := exec.Command(testbed.Program("auth-service"))
			cmd.Env = append(os.Environ(), "ADDR="+addrs[0], "PRIVATE_ADDR="+addrs[1], "DATABASE_URL=sqlite:"+dir+"/users.db",
				"JWT_SECRET_FILE="+dir+"/jwt_secret", "INTERNAL_SECRET_FILE="+dir+"/internal_secret")
			return cmd
		},
		Ready: func(ctx context.Context) error { return readyz.Check(ctx, addrs[1]) },
	})
	if err := auth.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("figure: auth-service is ready %d ms after its start on an empty SQLite file", took.Milliseconds())
	if took > 10*time.Second { // it takes about 1 s on an idle machine; other tests run at the same time
		t.Errorf("took %s", took)
	}
	if err := auth.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, err := auth.ExitCode(); code != 0 || err != nil {
		t.Errorf("stop: got exit code %d (%v), want a clean end", code, err)
	}
}
