package release_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// checkRun starts ./tallygate in the folder of an unpacked archive, without Go or any other program in reach, makes the first calls,
// and stops it as Ctrl-C does.
func checkRun(t *testing.T, folder string) {
	addrs := testbed.FreeAddresses(t, 6)
	_, port, err := net.SplitHostPort(addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	p := testbed.Launch(t, testbed.Spec{
		Name: "tallygate", Last: os.Interrupt,
		Command: func() *exec.Cmd {
			cmd := exec.Command("./tallygate")
			cmd.Dir = folder
			cmd.Env = []string{
				"PATH=", "PORT=" + port, "PRIVATE_ADDR=" + addrs[1], "AUTH_URL=http://" + addrs[2], "AUTH_PRIVATE_URL=http://" + addrs[3],
				"MATH_URL=http://" + addrs[4], "MATH_PRIVATE_ADDR=" + addrs[5],
			}
			return cmd
		},
	})
	base := "http://localhost:" + port
	testbed.Eventually(t, "tallygate to be ready", func() error {
		select {
		case <-p.Ended():
			t.Fatalf("ended before it was ready:\n%s", p.Output())
		default:
		}
		if out := p.Output(); !strings.Contains(out, "is ready at "+base) {
			return fmt.Errorf("its output: %s", out)
		}
		return nil
	})
	client, who := contract.NewClient(base), contract.Credentials{Username: "ada", Password: "correct horse"}
	if got, err := client.Register(who); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got, err := client.Root(client.Token(t, who), "88", "0.88"); err != nil || got.Body != `{"root":51.42150122383022}` {
		t.Errorf("got %d %s, %v", got.Status, got.Body, err)
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, err := p.ExitCode(); err != nil || code != 0 {
		t.Errorf("got the exit code %d, %v, want 0; its output:\n%s", code, err, p.Output())
	}
	if _, err := os.Stat(filepath.Join(folder, "data", "tallygate.db")); err != nil {
		t.Errorf("the data is not beside the programs: %v", err)
	}
}
