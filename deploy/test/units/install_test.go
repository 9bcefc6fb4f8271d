//go:build units && linux

package units_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"tallygate/deploy/internal/release"
	"tallygate/deploy/internal/testbed"
)

// TestInstallations installs a release under systemd, as a Debian package and from an archive, uses it, and removes it.
func TestInstallations(t *testing.T) { //nolint:tparallel // one machine: the second installation begins where the first one was removed
	t.Parallel()
	commit, err := exec.CommandContext(t.Context(), "git", "-C", testbed.Root(), "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	from, host := t.TempDir(), release.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, version := range []string{"v1.0.0-rc1", "v1.0.0"} {
		if err := release.Make(t.Context(), release.Config{
			Root: testbed.Root(), Out: from, Version: version, Commit: strings.TrimSpace(string(commit)), Platforms: []release.Platform{host},
		}); err != nil {
			t.Fatal(err)
		}
	}
	m := boot(t, from)
	t.Run("package", func(t *testing.T) {
		out := m.run(t, "dpkg -i /from/tallygate_1.0.0~rc1_"+host.Arch+".deb")
		if !strings.Contains(out, "systemctl enable --now tallygate.target") {
			t.Errorf("got %s, want how to start", out)
		}
		m.waitState(t, "inactive") // nothing starts by itself
		m.checkSecrets(t)
		m.checkWrongSetting(t)
		m.run(t, "systemctl enable --now tallygate.target")
		m.waitReady(t)
		m.checkUse(t)
		m.checkRestrictions(t)
		token := m.signIn(t)
		m.run(t, "dpkg -i /from/tallygate_1.0.0_"+host.Arch+".deb")
		m.waitReady(t)
		m.call(t, token)
		if got := m.run(t, "tallygate-gateway -version"); !strings.HasPrefix(got, "gateway v1.0.0 ") {
			t.Errorf("got %s after the upgrade", got)
		}
		m.checkRemoval(t)
	})
	t.Run("archive", func(t *testing.T) {
		document, err := os.ReadFile(filepath.Join(testbed.Root(), "docs", "operate.md"))
		if err != nil {
			t.Fatal(err)
		}
		block := regexp.MustCompile("(?s)<!-- units: install -->\n```sh\n(.*?)```").FindSubmatch(document)
		if block == nil {
			t.Fatal("docs/operate.md has no commands for systemd")
		}
		m.run(t, "cd /tmp; tar -xzf /from/tallygate-v1.0.0-"+host.String()+".tar.gz; cd tallygate-*/\n"+string(block[1]))
		m.waitReady(t)
		m.call(t, m.signIn(t))
		m.run(t, "systemctl stop tallygate.target")
		m.waitState(t, "inactive")
		for _, service := range services() {
			if got := m.property(t, service, "Result"); got != "success" {
				t.Errorf("%s has stopped with %s", service, got)
			}
		}
	})
}

// checkRemoval: settings, secrets and users stay after dpkg -r, and nothing does after --purge.
func (m *machine) checkRemoval(t *testing.T) {
	m.run(t, "dpkg -r tallygate")
	m.waitState(t, "inactive")
	if got := m.run(t, "ls /usr/lib/tallygate /usr/lib/systemd/system/tallygate.target 2>&1 || true; ls /var/lib/tallygate-auth/ /etc/tallygate/secrets/jwt"); !strings.Contains(got, "tallygate.db") ||
		!strings.Contains(got, "jwt_secret") || strings.Contains(got, "auth-service") {
		t.Errorf("got %s, want the data and no programs after the removal", got)
	}
	m.run(t, "dpkg --purge tallygate")
	if got := m.run(t, "ls -d /etc/tallygate /var/lib/tallygate* /var/lib/private/tallygate* 2>/dev/null || true"); got != "" {
		t.Errorf("got %s after the purge", got)
	}
}

// checkSecrets: only root can read what the installation has made.
func (m *machine) checkSecrets(t *testing.T) {
	if got := m.run(t, "stat -c %a:%U /etc/tallygate/secrets; wc -c < /etc/tallygate/secrets/jwt/jwt_secret"); got != "700:root\n65" {
		t.Errorf("got the folder and the secret %q", got)
	}
	if got, err := m.try(t, "setpriv --reuid=65534 --clear-groups cat /etc/tallygate/secrets/jwt/jwt_secret"); err == nil {
		t.Errorf("another user can read the secret: %d bytes", len(got))
	}
}

// checkWrongSetting: a service with one does not serve, and the log names it.
func (m *machine) checkWrongSetting(t *testing.T) {
	m.run(t, "echo ACCESS_LOG=maybe > /etc/tallygate/gateway.env; systemctl start tallygate-gateway")
	testbed.Eventually(t, "the log to name the mistake", func() error {
		if log := m.run(t, "journalctl -o cat -u tallygate-gateway"); !strings.Contains(log, "ACCESS_LOG") {
			return fmt.Errorf("the log is %q", log)
		}
		return nil
	})
	m.run(t, "systemctl stop tallygate-gateway; systemctl reset-failed; rm /etc/tallygate/gateway.env")
}

// checkUse: a token works while its secret is rotated and after a gateway was killed, and its calls are counted.
func (m *machine) checkUse(t *testing.T) {
	token, gateway := m.signIn(t), m.property(t, "tallygate-gateway", "MainPID")
	m.call(t, token)
	m.run(t, "SECRETS_SETTLE=3s tallygate-auth-service secrets rotate jwt /etc/tallygate/secrets/jwt")
	m.call(t, token)
	m.call(t, m.signIn(t))
	if got := m.property(t, "tallygate-gateway", "MainPID"); got != gateway {
		t.Errorf("the gateway was restarted for the rotation: %s, then %s", gateway, got)
	}
	m.run(t, "systemctl reload tallygate-gateway; kill -9 "+gateway)
	testbed.Eventually(t, "systemd to start the gateway again", func() error {
		if got := m.property(t, "tallygate-gateway", "MainPID"); got == gateway || got == "0" {
			return fmt.Errorf("its process is %s", got)
		}
		return nil
	})
	m.waitReady(t)
	testbed.Eventually(t, "the three calls to be counted", func() error {
		usage := m.run(t, "curl -s -H 'Authorization: Bearer "+token+"' http://localhost:8000/users/me/usage")
		if !strings.Contains(usage, `"route":"root"`) || !regexp.MustCompile(`"route":"root"[^}]*"requests":3\b`).MatchString(usage) {
			return fmt.Errorf("got %s", usage)
		}
		return nil
	})
	m.run(t, "echo 'correct horse battery' | DATABASE_URL=sqlite:/var/lib/tallygate-auth/tallygate.db tallygate-auth-service admin create root")
}

// checkRestrictions: no rights, a filter of system calls, and no secrets of others.
func (m *machine) checkRestrictions(t *testing.T) {
	for service, want := range map[string]string{
		"tallygate-auth": "database internal jwt signing", "tallygate-gateway": "internal jwt", "tallygate-math": "jwt",
	} {
		pid := m.property(t, service, "MainPID")
		status := m.run(t, "cat /proc/"+pid+"/status")
		for _, line := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
			if !strings.Contains(status, line) {
				t.Errorf("%s: %q does not hold", service, line)
			}
		}
		if strings.Contains(status, "Uid:\t0") {
			t.Errorf("%s runs as root", service)
		}
		// The folders are mount points for all. Only those of the service have files.
		seen := m.run(t, "nsenter -t "+pid+" -m sh -c 'cd /run/tallygate/secrets; for f in *; do [ -z \"$(ls $f)\" ] || echo $f; done'")
		if got := strings.Join(strings.Fields(seen), " "); got != want {
			t.Errorf("%s sees the secrets %q, want %q", service, got, want)
		}
	}
}
