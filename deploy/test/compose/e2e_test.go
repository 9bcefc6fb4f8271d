//go:build e2e

package compose_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/stack"
	"tallygate/deploy/internal/testbed"
)

// TestStack does what an operator does with the stack, step by step. Each step depends on the one before.
func TestStack(t *testing.T) { //nolint:paralleltest // the steps share the machine's two cores and are timed
	s := newProduct(t)
	s.Run(t, "build", "auth-service")
	s.Run(t, "build")
	began := time.Now()
	out := s.Script(t, "up")
	t.Logf("figure: from up with built images to ready in %.1f s", time.Since(began).Seconds())
	if !strings.Contains(out, "Tallygate is ready at "+s.Base) {
		t.Errorf("make up printed:\n%s", out)
	}

	t.Run("the contract", func(t *testing.T) { contract.Check(t, s.Base, "e2e") })
	t.Run("the clients' Python", func(t *testing.T) {
		contract.CheckPython(t, s.Base, filepath.Join(s.Dir, "docs", "examples", "python", "client.py"))
	})
	t.Run("hardening", func(t *testing.T) { checkHardening(t, s) })
	t.Run("secrets", func(t *testing.T) { checkSecrets(t, s) })
	t.Run("reach", func(t *testing.T) { checkReach(t, s) })
	t.Run("sizes", func(t *testing.T) { checkSizes(t, s) })
	t.Run("scaling out and in fails no call", s.scale)
	t.Run("a killed replica and a restarted auth-service fail no call", s.kill)
	t.Run("PostgreSQL's outage is a 503, and then over", s.stopDatabase)
	t.Run("down and up keep users and tokens", s.downAndUp)
}

// read returns a file of a container, without its line end.
func (s *product) read(t *testing.T, service, path string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "cp", s.Containers(t, service)[0]+":"+path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(bytes.NewReader(out))
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func checkSizes(t *testing.T, s *product) {
	t.Helper()
	for _, service := range []string{"auth-service", "math-service", "gateway"} {
		size, err := strconv.ParseInt(stack.Docker(t, "image", "inspect", "-f", "{{.Size}}", "tallygate/"+service+":e2e"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("figure: the image of %s has %.1f MB", service, float64(size)/1e6)
		if size >= 60e6 {
			t.Errorf("the image of %s has %d bytes, want under 60 MB", service, size)
		}
	}
	// The memory that the calls before have used is freed within seconds.
	testbed.Eventually(t, "the stack to idle", func() error {
		total, err := memory(stack.Docker(t, append([]string{"stats", "--no-stream", "--format", "{{.MemUsage}}"}, s.Containers(t, "")...)...))
		if err == nil && total >= 200 {
			err = fmt.Errorf("the stack holds %.0f MB, want under 200", total)
		}
		if err == nil {
			t.Logf("figure: the whole stack idles at %.0f MB", total)
		}
		return err
	})
}

// memory adds up, in MB, lines like "11.68MiB / 256MiB".
func memory(stats string) (total float64, err error) {
	for line := range strings.Lines(stats) {
		var mib float64
		if _, err := fmt.Sscanf(line, "%fMiB", &mib); err != nil {
			return 0, fmt.Errorf("%q: %w", line, err)
		}
		total += mib * (1 << 20) / 1e6
	}
	return total, nil
}

// underCalls runs do while clients call the gateway. Every call that fails is an error of the test.
func (s *product) underCalls(t *testing.T, client *contract.Client, token string, do func()) {
	t.Helper()
	var (
		wg    sync.WaitGroup
		stop  = make(chan struct{})
		calls atomic.Int64
	)
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				calls.Add(1)
				if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
					t.Errorf("got %d %s (%v) under way, want 200", got.Status, got.Body, err)
					return
				}
			}
		})
	}
	do()
	close(stop)
	wg.Wait()
	t.Logf("figure: %d calls under way", calls.Load())
}

func (s *product) scale(t *testing.T) {
	client, token := s.signedIn(t, "scale")
	s.underCalls(t, client, token, func() {
		s.Run(t, "up", "-d", "--no-recreate", "--scale", "math-service=3", "--scale", "auth-service=2")
		s.Healthy(t, "math-service", 3)
		s.Healthy(t, "auth-service", 2)
		s.usesEvery(t, client, token, "math-service")
		s.Run(t, "up", "-d", "--no-recreate", "--scale", "math-service=2", "--scale", "auth-service=2")
	})
}

// usesEvery waits until the log of each replica of a service shows calls.
func (s *product) usesEvery(t *testing.T, client *contract.Client, token, service string) {
	t.Helper()
	testbed.Eventually(t, "every replica to be used", func() error {
		if _, err := client.Root(token, "9", "0.5"); err != nil {
			return err
		}
		for _, id := range s.Containers(t, service) {
			if !strings.Contains(stack.Docker(t, "logs", "--tail=50", id), `"route":"/root"`) {
				return fmt.Errorf("%s has got no call", id)
			}
		}
		return nil
	})
}

func (s *product) kill(t *testing.T) {
	client, token := s.signedIn(t, "kill")
	s.underCalls(t, client, token, func() {
		stack.Docker(t, "kill", "--signal=KILL", s.Containers(t, "math-service")[0])
		s.Run(t, "restart", "auth-service")
		s.Healthy(t, "auth-service", 2)
	})
	s.Run(t, "up", "-d", "--no-recreate", "--scale", "math-service=2", "--scale", "auth-service=2")
	s.Healthy(t, "math-service", 2)
}

func (s *product) stopDatabase(t *testing.T) {
	client, token := s.signedIn(t, "outage")
	who := contract.Credentials{Username: "outage", Password: "123456"}
	if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
		t.Errorf("before: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	s.Run(t, "stop", "postgres")
	got, err := client.Post("/token", who)
	if err != nil || got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("sign in: got %d %s, Retry-After %q (%v), want 503", got.Status, got.Body, got.Header.Get("Retry-After"), err)
	}
	if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
		t.Errorf("a user who was seen before: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	s.Run(t, "start", "postgres")
	testbed.Eventually(t, "sign in to work again", func() error {
		got, err := client.Post("/token", who)
		if err == nil && got.Status != http.StatusOK {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
}

func (s *product) downAndUp(t *testing.T) {
	client, token := s.signedIn(t, "kept")
	s.Script(t, "down")
	if left := s.Containers(t, ""); len(left) != 0 {
		t.Errorf("down left %d containers", len(left))
	}
	s.Script(t, "up")
	if got, err := client.Register(contract.Credentials{Username: "kept", Password: "123456"}); err != nil || got.Status != http.StatusOK {
		t.Errorf("register again: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
		t.Errorf("the token of before: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
}
