//go:build units && linux

package units_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// machine is a systemd that the test has booted.
type machine struct {
	*testbed.Process

	in string // the options of nsenter
}

// boot starts a systemd of the test's own. The folder from is /from in it.
func boot(t *testing.T, from string) *machine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("only root can boot a systemd in namespaces of its own")
	}
	scratch := t.TempDir()
	m := &machine{Process: testbed.Launch(t, testbed.Spec{
		Name: "systemd",
		Command: func() *exec.Cmd {
			cmd := exec.Command("sh", filepath.Join(testbed.Root(), "deploy/test/units/testdata/boot.sh"))
			cmd.Env = append(os.Environ(), "SCRATCH="+scratch, "FROM="+from)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Setsid: true,
				Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC |
					syscall.CLONE_NEWCGROUP,
			}
			return cmd
		},
	})}
	m.in = strconv.Itoa(m.PID())
	testbed.Eventually(t, "systemd to boot", func() error {
		select {
		case <-m.Ended():
			t.Fatalf("systemd has ended:\n%s", m.Output())
		default:
		}
		_, err := m.try(t, "systemctl is-active basic.target")
		return err
	})
	return m
}

// try runs a script on the machine, and returns what it prints.
func (m *machine) try(t *testing.T, script string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nsenter", "-t", m.in, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w", "sh", "-e", "-c", script)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// run is try for what has to succeed.
func (m *machine) run(t *testing.T, script string) string {
	t.Helper()
	out, err := m.try(t, script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// property is what systemd says about a unit.
func (m *machine) property(t *testing.T, unit, name string) string {
	t.Helper()
	return m.run(t, "systemctl show -P "+name+" "+unit)
}

// services are the three that go on running.
func services() []string { return []string{"tallygate-auth", "tallygate-math", "tallygate-gateway"} }

// waitReady waits until the gateway and what it needs are ready.
func (m *machine) waitReady(t *testing.T) {
	t.Helper()
	testbed.Eventually(t, "the services to be ready", func() error {
		_, err := m.try(t, "/usr/lib/tallygate/gateway -healthcheck && /usr/lib/tallygate/auth-service -healthcheck && /usr/lib/tallygate/math-service -healthcheck")
		return err
	})
}

// waitState waits until systemd says that the services are in a state.
func (m *machine) waitState(t *testing.T, state string) {
	t.Helper()
	testbed.Eventually(t, "the services to be "+state, func() error {
		for _, service := range services() {
			if got := m.property(t, service, "ActiveState"); got != state {
				return fmt.Errorf("%s is %s", service, got)
			}
		}
		return nil
	})
}

// signIn registers ada, unless she is there, and returns a token.
func (m *machine) signIn(t *testing.T) string {
	t.Helper()
	const post = `curl -s -H 'Content-Type: application/json' -d '{"username":"ada","password":"correct horse"}' http://localhost:8000`
	m.run(t, post+"/users/register")
	token := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(m.run(t, post+"/token"))
	if token == nil {
		t.Fatal("no token")
	}
	return token[1]
}

// call checks a call that has to succeed.
func (m *machine) call(t *testing.T, token string) {
	t.Helper()
	if got := m.run(t, "curl -s -H 'Authorization: Bearer "+token+"' 'http://localhost:8000/root?number=9&n=0.5'"); got != `{"root":3}` {
		t.Errorf("got %s", got)
	}
}
