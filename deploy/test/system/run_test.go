package system_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
)

func TestATakenPortIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for variable, value := range map[string]string{
		"PORT": port, "ADDR": taken.Addr().String(), "AUTH_URL": "http://" + taken.Addr().String(), "MATH_PRIVATE_ADDR": taken.Addr().String(),
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			r := startRunner(t, data, variable+"="+value)
			if got := r.waitEnd(t); got != 1 {
				t.Errorf("got exit code %d, want 1", got)
			}
			out := r.Output()
			if !strings.Contains(out, taken.Addr().String()) || !strings.Contains(out, "is taken") || !strings.Contains(out, "`"+variable+"=") {
				t.Errorf("got %q, want the address, that it is taken, and %s", out, variable)
			}
			if strings.Count(strings.TrimSpace(out), "\n") != 0 {
				t.Errorf("got %q, want one line", out)
			}
		})
	}
}

func TestASecondRunKeepsUsersAndSecrets(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	who := contract.Credentials{Username: "ada", Password: "correct horse"}
	first := startRunner(t, data)
	first.waitReady(t)
	if got, err := contract.NewClient(first.base).Register(who); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("got %d %s (%v), want 201", got.Status, got.Body, err)
	}
	token := contract.NewClient(first.base).Token(t, who)
	secret := secrets(t, data)
	if err := first.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	first.waitEnd(t)

	second := startRunner(t, data)
	second.waitReady(t)
	client := contract.NewClient(second.base)
	if got, err := client.Register(who); err != nil || got.Status != http.StatusOK {
		t.Errorf("register again: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
		t.Errorf("the first run's token: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	if secrets(t, data) != secret {
		t.Error("the secrets have changed")
	}
}

// secrets returns the secrets that were made, and checks that only this user can read them.
func secrets(t *testing.T, data string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"jwt_secret", "internal_secret"} {
		path := filepath.Join(data, "secrets", name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, info.Mode().Perm())
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestAWrongSettingIsShownWithTheServicesMessage(t *testing.T) {
	t.Parallel()
	r := startRunner(t, t.TempDir(), "LOG_LEVEL=loud")
	if got := r.waitEnd(t); got != 1 {
		t.Errorf("got exit code %d, want 1", got)
	}
	if out := r.Output(); !strings.Contains(out, "ended by itself") || !strings.Contains(out, "LOG_LEVEL") {
		t.Errorf("got %s, want the variable named", out)
	}
}
