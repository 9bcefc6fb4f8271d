package system_test

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

const droppedLines = "tallygate_log_lines_dropped_total"

// readBy has a service's log read by somebody: it restarts the service.
func readBy(t *testing.T, p *cluster.Process) (reader *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	defer writer.Close() // the service has its own
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	p.Stdout = writer
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Stdout = nil
	return reader
}

// TestWhoeverReadsTheLogStopsNoCall: the readers of the three logs stand still, and then they go. All calls get their responses,
// the lines that nobody reads are counted, and a SIGTERM ends each service cleanly.
func TestWhoeverReadsTheLogStopsNoCall(t *testing.T) {
	t.Parallel()
	logged := []string{"ACCESS_LOG=on"}
	c := cluster.Start(t, cluster.Config{Gateway: logged, Auth: append(cluster.CheapPasswords(), logged...), Math: logged})
	client := contract.NewClient(c.Gateways[0].URL)
	ada := contract.Credentials{Username: "ada", Password: "123456"}
	if got, err := client.Register(ada); err != nil || got.Status != http.StatusCreated {
		t.Fatal(got, err)
	}
	token := http.Header{"Authorization": {client.Token(t, ada)}}
	var readers []*os.File
	for _, p := range c.Services() {
		readers = append(readers, readBy(t, p))
	}
	t.Log("they stand still")
	paths := []string{"/root?number=9&n=0.5", "/users/me"} // to math-service, and to auth-service
	testbed.Eventually(t, "lines to be dropped by all", func() error {
		callAll(t, client, token, paths, 2000)
		for _, p := range c.Services() {
			if p.Metric(t, droppedLines, "") == 0 {
				return fmt.Errorf("%s has dropped no line", p.Name)
			}
		}
		return nil
	})
	t.Log("they go")
	for _, r := range readers {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	callAll(t, client, token, paths, 100)
	for _, p := range c.Services() {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		if code, err := p.ExitCode(); err != nil || code != 0 {
			t.Errorf("%s: got exit code %d (%v)", p.Name, code, err)
		}
	}
}

// TestAServiceWhoseLogIsNotReadStops: SIGTERM does not wait for a reader.
func TestAServiceWhoseLogIsNotReadStops(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{Gateway: []string{"ACCESS_LOG=on"}, Auth: cluster.CheapPasswords()})
	gateway := c.Gateways[0]
	_ = readBy(t, gateway)
	client := contract.NewClient(gateway.URL)
	testbed.Eventually(t, "lines to be dropped", func() error {
		callAll(t, client, nil, []string{"/root"}, 2000)
		if gateway.Metric(t, droppedLines, "") == 0 {
			return fmt.Errorf("%s has dropped no line", gateway.Name)
		}
		return nil
	})
	if err := gateway.Stop(); err != nil {
		t.Fatal(err)
	}
	if code, err := gateway.ExitCode(); err != nil || code != 0 {
		t.Errorf("got exit code %d (%v)", code, err)
	}
}

// callAll makes so many calls of each path, four at a time. All have to get the same status.
func callAll(t *testing.T, client *contract.Client, header http.Header, paths []string, calls int) {
	t.Helper()
	want := http.StatusOK
	if header == nil {
		want = http.StatusUnauthorized
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range calls / 4 * len(paths) {
				path := paths[i%len(paths)]
				if got, err := client.Do(http.MethodGet, path, header, nil); err != nil || got.Status != want {
					t.Errorf("%s: got %d %s (%v), want %d", path, got.Status, got.Body, err, want)
					return
				}
			}
		})
	}
	all.Wait()
}
