//go:build measure

package measure_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/stack"
	"tallygate/deploy/internal/testbed"
)

// images is the variable with the tag of images that are measured as they are. Without it the tests build theirs.
const images = "MEASURE_IMAGES"

// shipped is the product in its containers, with the limits of docker-compose.yml. The tests call the gateway's container
// from this machine. An attacker is a container beside it, so that it has an address of its own.
type shipped struct {
	*stack.Stack

	version   string // the images' tag
	addr      string // the gateway's address
	tls       bool
	attackers int
}

// startShipped builds and starts the containers. Override is a further Compose file.
func startShipped(t *testing.T, override string) *shipped {
	t.Helper()
	if err := stack.Engine(t.Context()); err != nil {
		t.Skip(err)
	}
	version, built := os.LookupEnv(images)
	if !built {
		version = "measure"
	}
	s := &shipped{version: version, Stack: stack.New(t, stack.Config{Version: version, Override: override})}
	if !built {
		s.Run(t, "build", "auth-service")
		s.Run(t, "build")
	}
	s.up(t)
	return s
}

// up makes every container as the Compose files say, and waits until the gateway is healthy.
func (s *shipped) up(t *testing.T) {
	t.Helper()
	s.Run(t, "up", "-d")
	s.Healthy(t, "gateway", 1)
	s.addr = net.JoinHostPort(s.inspect(t, "gateway", `{{(index .NetworkSettings.Networks "`+s.Project+`_public").IPAddress}}`), "8000")
}

// restart starts the gateway anew, so that one attack does not weigh on the next.
func (s *shipped) restart(t *testing.T, service string) {
	t.Helper()
	s.Run(t, "restart", service)
	s.Healthy(t, service, 1)
	s.up(t)
}

func (s *shipped) base() string {
	if s.tls {
		return "https://" + s.addr
	}
	return "http://" + s.addr
}

// inspect is what the engine says of a service's container.
func (s *shipped) inspect(t *testing.T, service, format string) string {
	t.Helper()
	return stack.Docker(t, "inspect", "-f", format, s.Containers(t, service)[0])
}

// others registers a user and returns the others, who call from this machine.
func (s *shipped) others(t *testing.T, name string) *others {
	t.Helper()
	return newOthers(s.base(), s.register(t, name), "")
}

// register registers a user, unless it is there, and signs in.
func (s *shipped) register(t *testing.T, name string) *user {
	t.Helper()
	client := newOthers(s.base(), nil, "").kept
	u := &user{Credentials: contract.Credentials{Username: name, Password: "correct horse"}}
	testbed.Eventually(t, "registration", func() error {
		got, err := client.Register(u.Credentials)
		if err == nil && got.Status/100 != 2 {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
	got, err := client.Post("/token", u.Credentials)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("sign in as %s: got %d %s (%v), want 200", name, got.Status, got.Body, err)
	}
	if err := json.Unmarshal([]byte(got.Body), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// attack starts an attacker in a container of its own. It gets what the others leave of the processors: outside of a test it
// has a machine of its own.
func (s *shipped) attack(t *testing.T, a attack) (wait func() outcome) {
	t.Helper()
	s.attackers++
	a.Addr, a.TLS = s.addr, s.tls
	name := s.Project + "-attacker-" + strconv.Itoa(s.attackers)
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", name).Run() }) // most often it is gone already
	return a.launch(t, exec.CommandContext(t.Context(), "docker", "run", "--rm", "--name", name, "--network", s.Project+"_public",
		"--cpu-shares", "100", "--user", "0:0", "--volume", ownProgram(t)+":/attacker:ro", "--env", attacking,
		"--entrypoint", "/attacker", "tallygate/gateway:"+s.version))
}

// watch notes the state of a service's container. The function that it returns says whether the container was killed since,
// and the most memory that it held.
func (s *shipped) watch(t *testing.T, service string) (since func() (killed bool, memory string)) {
	t.Helper()
	before := s.inspect(t, service, "{{.RestartCount}} {{.State.StartedAt}}")
	limit := s.inspect(t, service, "{{.HostConfig.Memory}}")
	file := s.peakFile(t, service)
	return func() (bool, string) {
		killed := s.inspect(t, service, "{{.RestartCount}} {{.State.StartedAt}}") != before
		bytes, err := strconv.ParseInt(limit, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		peak := "more"
		if text, err := os.ReadFile(file); err == nil && !killed {
			most, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			peak = strconv.FormatInt(most>>20, 10)
		}
		memory := fmt.Sprintf("%s of %d MiB", peak, bytes>>20)
		if killed {
			memory = fmt.Sprintf("**killed** at %d MiB", bytes>>20)
		}
		return killed, memory
	}
}

// peakFile is the file with the most memory that a container's control group has held.
func (s *shipped) peakFile(t *testing.T, service string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + s.inspect(t, service, "{{.State.Pid}}") + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		hierarchy, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		if controllers == "memory" {
			return filepath.Join("/sys/fs/cgroup/memory", path, "memory.max_usage_in_bytes")
		}
		if hierarchy == "0" && controllers == "" {
			if file := filepath.Join("/sys/fs/cgroup", path, "memory.peak"); exists(file) {
				return file
			}
		}
	}
	t.Fatal("the container has no control group for memory")
	return ""
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// withstand runs attackers against the gateway while others call, and adds a row to the table. Nothing may be killed, no
// call of the others may fail, and /root has to stay within maxRootP99.
func (s *shipped) withstand(t *testing.T, what string, p pace, all ...attack) {
	t.Helper()
	s.restart(t, "gateway")
	o := s.others(t, "ada")
	gateway, authService := s.watch(t, "gateway"), s.watch(t, "auth-service")
	var waits []func() outcome
	longest := time.Duration(0)
	for _, a := range all {
		waits = append(waits, s.attack(t, a))
		longest = max(longest, a.For)
	}
	suffered := o.call(p, time.Now().Add(longest))
	for i, wait := range waits {
		seen := wait()
		t.Logf("figure: attacker %d had at most %d connections open and saw %s", i, seen.MostOpen, seen)
	}
	gatewayKilled, gatewayMemory := gateway()
	authKilled, authMemory := authService()
	found(t, what, "none killed, `/root` p99 ≤ 100 ms, none fails",
		fmt.Sprintf("%s; gateway %s, auth-service %s", suffered, gatewayMemory, authMemory))
	if gatewayKilled || authKilled {
		t.Errorf("%s: killed: gateway %t, auth-service %t", what, gatewayKilled, authKilled)
	}
	suffered.within(t, map[string]time.Duration{"`/root`": maxRootP99, "`/root` on a new connection": maxRootP99})
}
