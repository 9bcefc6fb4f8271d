//go:build e2e

package compose_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/stack"
)

// container is what `docker inspect` says of one.
type container struct {
	Name   string
	Config struct {
		User   string
		Env    []string
		Labels map[string]string
	}
	HostConfig struct {
		ReadonlyRootfs bool
		CapDrop        []string
		SecurityOpt    []string
		Memory         int64
		PidsLimit      int64
		Privileged     bool
		PortBindings   map[string][]struct{ HostPort string }
	}
	Mounts []struct {
		Name, Destination string
		RW                bool
	}
	NetworkSettings struct{ Networks map[string]any }
}

func (s *product) inspect(t *testing.T, service string) container {
	t.Helper()
	ids := s.Containers(t, service)
	if len(ids) == 0 {
		t.Fatalf("no container of %s", service)
	}
	var found []container
	if err := json.Unmarshal([]byte(stack.Docker(t, "inspect", ids[0])), &found); err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// checkHardening looks at the containers as the engine runs them.
func checkHardening(t *testing.T, s *product) {
	t.Helper()
	for _, service := range []string{"postgres", "auth-service", "math-service", "gateway"} {
		c := s.inspect(t, service)
		if h := c.HostConfig; !h.ReadonlyRootfs || !slices.Equal(h.CapDrop, []string{"ALL"}) || h.Privileged ||
			!slices.Contains(h.SecurityOpt, "no-new-privileges:true") || h.Memory == 0 || h.PidsLimit == 0 {
			t.Errorf("%s: got %+v", service, h)
		}
		if service != "postgres" && c.Config.User != "65532:65532" {
			t.Errorf("%s runs as %q", service, c.Config.User)
		}
		if published := len(c.HostConfig.PortBindings) > 0; published != (service == "gateway") {
			t.Errorf("%s: published is %t", service, published)
		}
		if service != "postgres" && (c.Config.Labels["org.opencontainers.image.version"] != "e2e" ||
			c.Config.Labels["org.opencontainers.image.revision"] != "e2e") {
			t.Errorf("%s: got labels %v", service, c.Config.Labels)
		}
	}
}

// checkSecrets looks for the secrets where they must not be: with the wrong container, in what inspect shows, in logs.
func checkSecrets(t *testing.T, s *product) {
	t.Helper()
	auth := s.inspect(t, "auth-service")
	var secrets []string
	for _, m := range auth.Mounts {
		if !strings.HasPrefix(m.Destination, "/run/secrets/") {
			continue
		}
		if m.RW {
			t.Errorf("auth-service can write %s", m.Destination)
		}
		// The engine's own copy tool reads a volume where the image has no shell.
		for _, name := range []string{"jwt_secret", "internal_secret", "database_password"} {
			if strings.HasPrefix(name, strings.TrimPrefix(m.Destination, "/run/secrets/")) {
				secrets = append(secrets, s.read(t, "auth-service", m.Destination+"/"+name))
			}
		}
	}
	if len(secrets) != 3 {
		t.Fatalf("got %d secrets, want 3", len(secrets))
	}
	shown := s.Run(t, "logs", "--no-color")
	for _, id := range s.Containers(t, "") {
		shown += stack.Docker(t, "inspect", id)
	}
	for _, image := range []string{"auth-service", "math-service", "gateway"} {
		shown += stack.Docker(t, "history", "--no-trunc", "tallygate/"+image+":e2e")
	}
	for _, secret := range secrets {
		if len(secret) < 32 {
			t.Errorf("got a secret of %d bytes", len(secret))
		}
		if strings.Contains(shown, secret) {
			t.Error("a secret stands in a log, in what inspect shows, or in an image")
		}
	}
	for service, want := range map[string]int{"postgres": 1, "math-service": 1, "gateway": 2} {
		got := 0
		for _, m := range s.inspect(t, service).Mounts {
			if strings.HasPrefix(m.Destination, "/run/secrets/") {
				got++
			}
		}
		if got != want {
			t.Errorf("%s sees %d folders of secrets, want %d", service, got, want)
		}
	}
}

// checkReach tries from each container what it must not reach. PostgreSQL's image has a shell; it stands for a
// neighbour that was taken over.
func checkReach(t *testing.T, s *product) {
	t.Helper()
	for network, members := range map[string][]string{
		"database": {"auth-service", "postgres"}, "math": {"gateway", "math-service"}, "auth": {"auth-service", "gateway"},
		"public": {"gateway"}, "metrics-gateway": {"gateway"}, "metrics-auth": {"auth-service"}, "metrics-math": {"math-service"},
	} {
		for _, service := range []string{"postgres", "auth-service", "math-service", "gateway"} {
			in := false
			for name := range s.inspect(t, service).NetworkSettings.Networks {
				in = in || strings.HasSuffix(name, "_"+network)
			}
			if want := slices.Contains(members, service); in != want {
				t.Errorf("%s in network %s: got %t, want %t", service, network, in, want)
			}
		}
	}
	for target, want := range map[string]bool{"auth-service/8001": true, "gateway/8000": false, "math-service/8002": false} {
		out, err := s.Command("exec", "-T", "postgres", "bash", "-c", "timeout 3 bash -c '</dev/tcp/"+target+"'").CombinedOutput()
		if (err == nil) != want {
			t.Errorf("postgres reaches %s: got %t, want %t: %s", target, err == nil, want, out)
		}
	}
}
